// SPDX-License-Identifier: EUPL-1.2
// Draws the page from the document in #data: the exact page, or the rounded one that may be published.
// Text from the document becomes text nodes and nothing else. Whatever the document lacks, the page is drawn.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const year = data.year;
const rounding = data.rounding || 0; // 0: statistics are exact

// ---- elements

function add(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(name, value);
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined) continue;
    element.append(child instanceof Node ? child : String(child).replace(/[\x00-\x1f\x7f]/g, " "));
  }
  return element;
}

function html(tag, attributes = {}, ...children) {
  return add(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
  return add(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function paragraph(name, ...children) {
  return html("p", { class: name }, ...children);
}

function section(title, ...children) {
  return html("section", {}, html("h2", {}, title), ...children);
}

function header(...names) {
  return html("thead", {}, html("tr", {}, names.map((name) =>
    name instanceof Node ? name : html("th", { scope: "col" }, name))));
}

function table(name, caption, head, rows, foot) {
  return html("table", { class: name }, html("caption", {}, caption), head,
    html("tbody", {}, rows), foot && html("tfoot", {}, foot));
}

// ---- numbers and words

function count(value) { // "12,345"
  return (value < 0 ? "−" : "") + String(Math.abs(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

function signed(value) { // "+34", "−3", "0"
  return (value > 0 ? "+" : "") + count(value);
}

// 1000 tenths are "+100 %", -25 are "−2.5 %": one decimal below ten, unless it is whole.
function percent(tenths) {
  const size = Math.abs(tenths);
  const sign = tenths > 0 ? "+" : tenths < 0 ? "−" : "";
  return sign + (size < 100 && size % 10 ? (size / 10).toFixed(1) : count(Math.floor((size + 5) / 10))) + "\u202f%";
}

function plural(value, what) {
  return `${count(value)} ${what}${value === 1 ? "" : "s"}`;
}

function statistic(value) {
  return value < rounding ? html("span", { class: "none" }, `<${rounding}`) : count(value);
}

function range(floor) { // "60 to 69", "fewer than 10"
  return floor < rounding ? `fewer than ${rounding}` : `${count(floor)} to ${count(floor + rounding - 1)}`;
}

const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
  "November", "December"];

function monthOf(period) { // "2017-03" is 3; 0 for anything else
  const found = /^\d{1,4}-(\d{1,2})$/.exec(period || "");
  return found && found[1] <= 12 ? Number(found[1]) : 0;
}

function monthText(period) { // "2017-03" as "March 2017"
  const month = monthOf(period);
  return month ? `${MONTHS[month - 1]} ${period.split("-")[0].padStart(4, "0")}` : period;
}

const LABELS = {
  category: { ForcedMilitaryByNonStateActors: "Forced military service" },
  gender: { Feminine: "Female", Masculine: "Male", TransgenderFeminine: "Trans women",
    TransgenderMasculine: "Trans men", NonConforming: "Gender non-conforming" },
  ageGroup: { Minor: "Minor (under 18)", Adult: "Adult" },
  citizenship: { NL: "Dutch", EU: "Another country of the EU", nonEU: "A country outside the EU" },
  sourceKind: {
    municipality: "Municipalities", coa: "COA (reception of asylum seekers)", care: "Care coordinators",
    police: "Police", kmar: "KMar (military police)", nla: "NLA (Labour Inspectorate)",
    ngo: "Organisations for victims", other: "Others",
  },
  status: { possible: "Possible victim", confirmed: "Confirmed", rejected: "Rejected" },
};

const DIMENSIONS = {
  category: ["Signals by form of exploitation", "Form"],
  policeUnit: ["Signals by regional police unit", "Police unit"],
  gender: ["Signals by gender of the victim", "Gender"],
  ageGroup: ["Signals by age of the victim", "Age"],
  citizenship: ["Signals by citizenship of the victim", "Citizenship"],
  sourceKind: ["Signals by kind of source", "Source"],
  status: ["Signals by what has become of them", "Status"],
};

const SIZE_CLASSES = new Map([["<5k", "under 5,000"], ["5-10k", "5,000 to 10,000"], ["10-20k", "10,000 to 20,000"],
  ["20-50k", "20,000 to 50,000"], ["50-100k", "50,000 to 100,000"], ["100-150k", "100,000 to 150,000"],
  ["150-250k", "150,000 to 250,000"], [">=250k", "250,000 and more"]]);

function sizeClass(name) {
  return SIZE_CLASSES.get(name) || name;
}

function isUnknown(code) {
  return code === "unknown" || code === "Unknown";
}

// What the field's codes are called; "SexualExploitation" is "Sexual exploitation".
function label(dimension, code) {
  const labels = LABELS[dimension] || {};
  if (isUnknown(code)) return "Unknown";
  if (Object.hasOwn(labels, code)) return labels[code];
  if (dimension !== "category") return code;
  return code.slice(0, 1) + code.slice(1).replace(/[A-Z]/g, (letter) => " " + letter.toLowerCase());
}

// ---- tables with bars

// A bar of `now` and below it a thin one of `before`, where `max` fills the width.
function bars(now, before, max) {
  const bar = (attributes, value) => value > 0 && svg("rect",
    { ...attributes, width: (Math.min(1000, Math.ceil(value * 1000 / max)) / 10).toFixed(1) + "%" });
  const shown = [bar({ class: "is", height: 6 }, now), bar({ class: "was", y: 8, height: 3 }, before)].filter(Boolean);
  return shown.length ? svg("svg", { class: "bar", "aria-hidden": "true", focusable: "false" }, shown) : null;
}

// Cells for change and percent; `base` is what it changed from.
function changeCells(point, base) {
  if (point.change === undefined) return [0, 0].map(() => html("td", { class: "none" }, "–"));
  const name = point.beyondChance ? "sure" : undefined;
  const part = point.tenths === undefined ? "–" : percent(point.tenths);
  const small = point.tenths !== undefined && base < data.smallBase;
  return [html("td", { class: name }, signed(point.change)), html("td", { class: name }, small ? `(${part})` : part)];
}

function statisticCells(line) {
  return [data.hasBefore && html("td", {}, statistic(line.before)), html("td", {}, statistic(line.now)),
    data.hasBefore && !rounding && changeCells(line, line.before)].filter(Boolean);
}

function compareText(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

// Largest first, what is unknown last.
function dimensionTable(dimension, total) {
  const [caption, head] = DIMENSIONS[dimension];
  const lines = data.dimensions[dimension].map((line) =>
    ({ before: 0, ...line, label: label(dimension, line.code), unknown: isUnknown(line.code) }));
  lines.sort((a, b) => a.unknown - b.unknown || b.now - a.now || b.before - a.before || compareText(a.label, b.label));
  const max = Math.max(1, ...lines.flatMap((line) => [line.now, line.before]));
  const yearHead = (name, number) =>
    html("th", { scope: "col" }, html("span", { class: `key ${name}` }), number);
  const heads = [head, data.hasBefore && yearHead("was", year - 1), yearHead("is", year),
    ...(data.hasBefore && !rounding ? ["Change", "In percent"] : [])].filter(Boolean);
  const rows = lines.map((line) => html("tr", {},
    html("th", { scope: "row" }, line.label, bars(line.now, line.before, max)), statisticCells(line)));
  return table("bars", caption, header(...heads), rows,
    total && html("tr", {}, html("th", { scope: "row" }, "All signals"), statisticCells(total)));
}

// ---- charts: columns whose places are percentages, so that they fill the width while the letters keep their size;
// and the twelve provinces as squares, where they lie

const COLUMN = { top: 24, foot: 158, share: 0.64, pixels: 84, labels: 14 };

function chart(id, title, description, attributes, ...children) {
  return html("figure", {}, html("figcaption", {}, title),
    svg("svg", { ...attributes, role: "img", "aria-labelledby": `${id}-t ${id}-d` },
      svg("title", { id: `${id}-t` }, title), svg("desc", { id: `${id}-d` }, description), children));
}

// For those who hear the page: "2016: 34", "2026: 310 so far".
function columnText(column) {
  const value = column.kind === "missing" ? "not known yet"
    : column.value < rounding ? `fewer than ${rounding}` : count(column.value);
  return `${column.label}: ${value}${column.kind === "partial" ? " so far" : ""}`;
}

function columnParts(column, i, columns, max) {
  const place = 100 / columns.length;
  const x = (share) => ((i + share) * place).toFixed(2) + "%";
  const height = Math.floor(column.value * (COLUMN.foot - COLUMN.top) / max);
  // With many columns each so-and-so-many has its label, counted from the last.
  const labelled = (columns.length - 1 - i) % Math.ceil(columns.length / COLUMN.labels) === 0;
  const value = column.value < rounding ? `<${rounding}` : count(column.value);
  return [
    height > 0 && svg("rect", {
      class: column.kind === "missing" ? "plain" : column.kind, x: x((1 - COLUMN.share) / 2),
      width: (place * COLUMN.share).toFixed(2) + "%", y: COLUMN.foot - height, height,
    }),
    labelled && column.kind !== "missing" &&
      svg("text", { class: "value", x: x(0.5), y: COLUMN.foot - height - 6 }, value),
    labelled && svg("text", { class: column.kind === "strong" ? "strong" : "label", x: x(0.5), y: COLUMN.foot + 19 },
      column.label),
  ].filter(Boolean);
}

// A column has a label, a value and a kind: plain, strong, partial or missing.
function columnChart(id, title, columns) {
  if (!columns.length) return null;
  const max = Math.max(1, ...columns.map((column) => column.value));
  return chart(id, title, columns.map(columnText).join(", "),
    { class: "columns", style: `max-width:${columns.length * COLUMN.pixels}px` },
    columns.map((column, i) => columnParts(column, i, columns, max)),
    svg("line", { x1: 0, x2: "100%", y1: COLUMN.foot, y2: COLUMN.foot }));
}

const PROVINCES = [ // from PV20 on: name, column, row
  ["Groningen", 3, 0], ["Fryslân", 2, 0], ["Drenthe", 3, 1], ["Overijssel", 3, 2], ["Flevoland", 2, 1],
  ["Gelderland", 2, 2], ["Utrecht", 1, 2], ["Noord-Holland", 1, 1], ["Zuid-Holland", 0, 2], ["Zeeland", 0, 3],
  ["Noord-Brabant", 1, 3], ["Limburg", 2, 3]];
const TILE = 100, TILE_STEP = 106;

function tile([name, column, row], { big, small, shade }) {
  const x = column * TILE_STEP, y = row * TILE_STEP, middle = x + TILE / 2;
  return svg("g", { class: `s${shade}` }, svg("rect", { x, y, width: TILE, height: TILE, rx: 4 }),
    svg("text", { x: middle, y: y + 24 }, name), svg("text", { class: "figure", x: middle, y: y + 60 }, big),
    svg("text", { class: "small", x: middle, y: y + 84 }, small));
}

// `tiles` has {big, small, shade} by code; a shade is 0 (none) to 5.
function map(title, tiles) {
  const all = PROVINCES.map((_, i) => tiles.get(`PV${20 + i}`) || { big: "", small: "", shade: 0 });
  const description = PROVINCES.map(([name], i) => `${name}: ${all[i].big}${all[i].small && ", "}${all[i].small}`);
  const side = 3 * TILE_STEP + TILE;
  return chart("map", title, description.join("; "), { class: "map", viewBox: `0 0 ${side} ${side}` },
    PROVINCES.map((province, i) => tile(province, all[i])));
}

// ---- the exact page

function difference(total) { // "34 more than in 2016 (+100 %)"
  if (total.change === 0) return `as many as in ${year - 1}`;
  const part = total.tenths === undefined ? "" : ` (${percent(total.tenths)})`;
  return `${count(Math.abs(total.change))} ${total.change < 0 ? "fewer" : "more"} than in ${year - 1}${part}`;
}

function key(name, big, ...note) {
  return html("div", {}, html("dt", {}, name), html("dd", {}, html("span", { class: "big" }, big), note));
}

function exactSummary() {
  const { signals, persons, change } = data.total, changed = change !== undefined;
  const made = new Date(data.made), coverage = data.coverage;
  const day = `${made.getUTCDate()} ${MONTHS[made.getUTCMonth()]} ${made.getUTCFullYear()}`;
  const share = (part) => [count(part), html("small", {}, ` of ${count(coverage.municipalities)}`)];
  return [
    paragraph("lede", `In ${year}, ${plural(signals, "signal")} of possible human trafficking `,
      `${signals === 1 ? "was" : "were"} reported${data.partial ? " so far" : ""}, `,
      `concerning ${plural(persons, "person")}.`,
      changed && [" That is ", html("strong", {}, difference(data.total)), "."] || null),
    paragraph("made", data.partial ? `Signals reported in ${year}, which is not over. `
      : `Signals reported from 1 January to 31 December ${year}. `,
    `Made on ${day}, ${made.toISOString().slice(11, 16)} UTC, from signaald ${data.version || "of another version"}.`),
    html("dl", { class: "keys" },
      key("Signals", count(signals), changed ? difference(data.total) : null),
      key("Persons", count(persons), persons < signals
        ? `${plural(signals - persons, "signal")} about a person counted already` : "no two signals are linked"),
      key("Municipalities", share(coverage.signalling), "with signals from municipalities"),
      key("Basic level (CCV)", share(coverage.basicLevel.all), "on all three criteria")),
  ];
}

// Is it more than chance, and how much is the percentage worth?
function judgement() {
  const { change, beyondChance, before } = data.total;
  if (change === undefined)
    return data.partial ? html("p", {}, `${year} is not over, so no change is given.`) : null;
  const between = `The difference between ${year - 1} and ${year} is `;
  const points = Math.round(100 / before);
  return html("p", {},
    beyondChance ? between + "larger than chance alone would usually make it. "
      : change ? between + "no larger than chance alone can make it. " : null,
    before > 0 && before < 100 ? [before < data.smallBase ? "The base is small. " : null,
      `On a base of ${before}, one signal more or less moves the percentage by ${plural(points, "point")}.`] : null);
}

function exactYears() {
  return data.years.filter((point) => /^\d{1,4}(-|$)/.test(point.period || "") && parseInt(point.period, 10))
    .map((point) => ({
      label: String(parseInt(point.period, 10)), value: point.signals,
      kind: point.partial ? "partial" : parseInt(point.period, 10) === year ? "strong" : "plain",
    }));
}

function exactMonths() {
  return data.months.filter((point) => monthOf(point.period)).map((point) => ({
    label: MONTHS[monthOf(point.period) - 1].slice(0, 3), value: point.signals,
    kind: !point.partial ? "strong" : point.signals ? "partial" : "missing",
  }));
}

function exactTrend() {
  const rows = data.years.map((point, i) => html("tr", { class: point.period === String(year) ? "now" : undefined },
    html("th", { scope: "row" }, point.period, point.partial ? " (not over)" : null),
    html("td", {}, count(point.signals)), html("td", {}, count(point.persons)),
    changeCells(point, i ? data.years[i - 1].signals : 0)));
  const points = data.smallBase > 0 ? Math.floor(100 / data.smallBase) : 100;
  return section("Trend", judgement(), columnChart("years", "Signals by year", exactYears()),
    table(undefined, "Signals and persons by year, with the change against the year before",
      header("Year", "Signals", "Persons", "Change", "In percent"), rows),
    paragraph("note", "Bold: larger than chance alone would usually make it. In brackets: the base is below ",
      `${data.smallBase} signals, so that one signal more or less moves the percentage by more than ${points} points.`),
    columnChart("months", `Signals by month of ${year}`, exactMonths()));
}

const SHADES = [["none", 0], ["under 10 %", 0], ["10 to 25 %", 10], ["25 to 50 %", 25], ["50 to 75 %", 50],
  ["75 % and more", 75]];

function percentOf(part, whole) {
  return whole > 0 ? Math.floor((part * 100 + Math.floor(whole / 2)) / whole) : 0;
}

function shareMap(provinces) {
  const tiles = new Map(provinces.map(({ code, signalling: part, municipalities: whole }) => {
    const share = percentOf(part, whole); // the shade is by the percentage as it is written
    const shade = part > 0 ? SHADES.findLastIndex(([, from]) => share >= from) : 0;
    return [code, { big: `${share}\u202f%`, small: `${part} of ${whole}`, shade }];
  }));
  return [map("Share of the municipalities of each province that signalled", tiles),
    html("ul", { class: "legend" }, SHADES.map(([text], i) => html("li", {},
      svg("svg", { class: `s${i}`, "aria-hidden": "true" }, svg("rect", { width: "100%", height: "100%" })), text)))];
}

function shares(caption, head, rows) { // of [label, part, whole]
  return table("bars", caption, header(head, "Municipalities", "Share"), rows.map(([name, part, whole]) => {
    const tenths = whole > 0 ? Math.floor((part * 1000 + Math.floor(whole / 2)) / whole) : 0;
    return html("tr", {}, html("th", { scope: "row" }, name, bars(part, 0, whole)),
      html("td", {}, `${count(part)} of ${count(whole)}`), html("td", {}, (tenths / 10).toFixed(1) + "\u202f%"));
  }));
}

function groups(caption, head, rows) {
  const keys = ["municipalities", "signalling", "silent", "never", "official", "policy", "all"];
  return html("div", { class: "wide", tabindex: 0, role: "region", "aria-label": caption },
    table(undefined, caption,
      header(head, "All", "Signalled", "Fell silent", "Never did", "Official", "Policy", "All three"),
      rows.map((row) => html("tr", {}, html("th", { scope: "row" }, sizeClass(row.name)),
        keys.map((name) => html("td", {}, count(row[name])))))));
}

function coverageSection() {
  const { basicLevel: level, municipalities: all, provinces, sizeClasses, headline } = data.coverage;
  const part = section("Coverage", paragraph("lede", headline, "."),
    html("p", {}, "Up to today: ", data.headlineToday, "."),
    html("div", { class: "pair" }, html("div", {}, shareMap(provinces)), html("div", {},
      shares("Basic level of the administrative approach (CCV)", "Criterion",
        [["1. Signals actively (indicator: what arrives)", level.signals, all], ["2. Has an official for it", level.official, all],
          ["3. Has policy and rules", level.policy, all], ["All three", level.all, all]]),
      shares("Signalled, by number of inhabitants", "Inhabitants",
        sizeClasses.map((row) => [sizeClass(row.name), row.signalling, row.municipalities])))),
    groups("Municipalities by province", "Province", provinces),
    groups("Municipalities by number of inhabitants", "Inhabitants", sizeClasses));
  part.className = "page";
  return part;
}

function silentTable(provinces) {
  const column = (name, text) => html("th", { scope: "col", class: text ? "text" : undefined }, name);
  return [html("h3", {}, "Fell silent"), table("long", `Signalled before ${year}, but not in it`,
    header("Municipality", column("Province", true), "Inhabitants", "Last signal"),
    provinces.flatMap((province) => province.silentList.map((one) => html("tr", {},
      html("th", { scope: "row" }, one.name), html("td", { class: "text" }, province.name),
      html("td", {}, count(one.inhabitants)), html("td", {}, monthText(one.lastSignal))))))];
}

// Those that are connected and yet never did are the ones to ask first.
function neverLists(provinces) {
  return [html("h3", {}, `Never signalled, up to the end of ${year}`),
    paragraph("note", "Bold: has a source that is connected."),
    provinces.filter((province) => province.neverList.length).map((province) => [html("h4", {}, province.name),
      paragraph("names", province.neverList.map((one, i) =>
        [i ? " · " : null, one.connected ? html("b", {}, one.name) : one.name]))])];
}

function silentSection() {
  const { silent, never, provinces } = data.coverage;
  const part = section("Silent municipalities", silent ? silentTable(provinces) : null,
    never ? neverLists(provinces) : null,
    !silent && !never ? html("p", {}, `There are none: all signalled in ${year}.`) : null);
  part.className = "page";
  return part;
}

function method(...items) {
  const part = section("How to read this", html("ul", {},
    html("li", {}, "A signal is an indication of ", html("em", {}, "possible"), " trafficking, not a proven case. " +
      "More signals can mean more trafficking, or more people who look."), items.map((item) => html("li", {}, item))));
  part.className = "method";
  return part;
}

function exactPage() {
  const total = { ...data.total, now: data.total.signals };
  document.querySelector(".mark span").append("Small statistics can point to single people.");
  document.querySelector("header").append(...exactSummary());
  document.querySelector("main").append(
    exactTrend(),
    section("Forms of exploitation", dimensionTable("category", total),
      paragraph("note", "A signal with several forms counts once in each of them and once in the total.")),
    section("Police units", dimensionTable("policeUnit", total)),
    section("Victims", ["gender", "ageGroup", "citizenship"].map((name) => dimensionTable(name))),
    section("Sources", ["sourceKind", "status"].map((name) => dimensionTable(name))),
    coverageSection(), silentSection(),
    method(
      "A signal counts in the year and month in which it was reported, at the municipality as it was then. Late " +
        "signals, corrections and withdrawals change statistics afterwards: this page says when it was made.",
      "Signals about one person are linked where a source told enough to know so. A signal that is not linked is " +
        "taken to be a person of its own, so the number of persons is an upper limit.",
      "Larger than chance: by the exact test of two Poisson counts, with the lengths of both periods, so large a change " +
        "would come less than once in 20 times. It supposes that signals come independently of each other.",
      "In a year a municipality signals when a municipal source brought a signal from there; in the last 365 days, " +
        "when a source of its own brought anything new that counts. What predecessors delivered counts for the municipality of " +
        "today. Signals that others bring do not count here.",
      "The basic level is the one of the Centre for Crime Prevention and Safety (CCV). Its first criterion is " +
        "actively looking for signals; that signals arrive is an indicator of it and no more. Whether there is an official " +
        "and a policy is what the table of sources says."));
}

// ---- the page that may be published

function isWhole(number) {
  return number < data.closedYear || (number === data.closedYear && data.closedMonth === 12);
}

function roundedSummary() {
  const closed = MONTHS[data.closedMonth - 1];
  return [
    paragraph("lede", `In ${year}, `, html("strong", {}, `${range(data.total.now)} signals`),
      " of possible human trafficking were reported", isWhole(year) ? null : ` up to the end of ${closed}`,
      data.hasBefore ? `; in ${year - 1}, ${range(data.total.before)}` : null, "."),
    paragraph("made", `All statistics are rounded down to a multiple of ${rounding} and cover signals reported up to `,
      `the end of ${closed} ${data.closedYear}.`),
    html("dl", { class: "keys" },
      key("Signals", data.total.now < rounding ? `<${rounding}` : count(data.total.now), range(data.total.now)),
      key("Municipalities that signalled",
        data.municipalities < rounding ? `<${rounding}` : count(data.municipalities), range(data.municipalities))),
  ];
}

function roundedTrend() {
  const years = data.years.map((value, i) => {
    const number = data.firstYear + i;
    return { label: String(number), value, kind: !isWhole(number) ? "partial" : number === year ? "strong" : "plain" };
  });
  const months = data.months.map((value, i) => ({
    label: MONTHS[i].slice(0, 3), value,
    kind: year === data.closedYear && i + 1 > data.closedMonth ? "missing" : "strong",
  }));
  return section("Trend", columnChart("years", "Signals by year", years),
    columnChart("months", `Signals by month of ${year}`, months),
    table("slim", "Signals by year", header("Year", "Signals"), years.map(({ label: name, value, kind }) =>
      html("tr", { class: kind === "strong" ? "now" : undefined },
        html("th", { scope: "row" }, name, kind === "partial" ? " (not over)" : null),
        html("td", {}, statistic(value))))));
}

function countMap() {
  const max = Math.max(1, ...data.dimensions.province.map(({ now }) => now));
  return map("Signals by province", new Map(data.dimensions.province.map(({ code, now }) => [code, now < rounding
    ? { big: `<${rounding}`, small: "", shade: 0 }
    : { big: now, small: `to ${now + rounding - 1}`, shade: 1 + Math.floor((now * 5 - 1) / max) }])));
}

function roundedPage() {
  document.querySelector(".mark span").append(`No statistic is below ${rounding}.`);
  document.querySelector("header").append(...roundedSummary());
  document.querySelector("main").append(
    roundedTrend(),
    section("Forms of exploitation", dimensionTable("category")),
    section("Where", html("div", { class: "pair" }, html("div", {}, countMap()),
      html("div", {}, dimensionTable("policeUnit")))),
    section("Victims", ["gender", "ageGroup", "citizenship"].map((name) => dimensionTable(name))),
    section("Sources", dimensionTable("sourceKind")),
    method(
      `Each statistic is rounded down to a multiple of ${rounding} on its own: ${3 * rounding} means ${3 * rounding} ` +
        `to ${4 * rounding - 1}. So statistics need not add up. “<${rounding}” means that there are fewer than ` +
        `${rounding}, or none at all: the two are not told apart.`,
      "A signal counts in the year and month in which it was reported, and only once that month is over. A signal " +
        "with several forms of exploitation counts in each.",
      `Statistics are made anew at most once a month, and only when at least ${rounding} signals have changed. In ` +
        "between nothing changes here, whatever arrives.",
      "There is no list of silent municipalities here. A municipality that leaves such a list would give away that " +
        "there is a signal about somebody there."));
}

if (rounding) roundedPage();
else exactPage();
