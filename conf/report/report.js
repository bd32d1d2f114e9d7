// SPDX-License-Identifier: EUPL-1.2
// Draws the page from the document in #data: the exact page, or the rounded one that may be published.
// Text from the document becomes text nodes and nothing else. Whatever the document lacks, the page is drawn.

const data = JSON.parse(document.getElementById("data").textContent);
const year = data.year;
const rounding = data.rounding || 0; // 0: statistics are exact
const from = data.from || year; // the first of the years that are compared
const W = WORDS[data.language] || WORDS.en;

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
  return (value < 0 ? "−" : "") + String(Math.abs(value)).replace(/\B(?=(\d{3})+$)/g, W.thousands);
}

function decimals(value, places) { // "0.39"
  return value.toFixed(places).replace(".", W.decimal);
}

function signed(value) { // "+34", "−3", "0"
  return (value > 0 ? "+" : "") + count(value);
}

// 1000 tenths are "+100 %", -25 are "−2.5 %": one decimal below ten, unless it is whole.
function percent(tenths) {
  const size = Math.abs(tenths);
  const sign = tenths > 0 ? "+" : tenths < 0 ? "−" : "";
  return sign + (size < 100 && size % 10 ? decimals(size / 10, 1) : count(Math.floor((size + 5) / 10))) + "\u202f%";
}

function signals(value) { // "1,204 signals"
  return W.signals(count(value), value === 1);
}

function statistic(value) {
  return value < rounding ? html("span", { class: "none" }, `<${rounding}`) : count(value);
}

function range(floor) { // "60 to 69", "fewer than 10"
  return floor < rounding ? W.fewer(rounding) : W.range(count(floor), count(floor + rounding - 1));
}

function monthOf(period) { // "2017-03" is 3; 0 for anything else
  const found = /^\d{1,4}-(\d{1,2})$/.exec(period || "");
  return found && found[1] <= 12 ? Number(found[1]) : 0;
}

function monthText(period) { // "2017-03" as "March 2017"
  const month = monthOf(period);
  return month ? `${W.months[month - 1]} ${period.split("-")[0].padStart(4, "0")}` : period;
}

const SIZES = ["<5k", "5-10k", "10-20k", "20-50k", "50-100k", "100-150k", "150-250k", ">=250k"];

function sizeClass(name) {
  return W.sizes[SIZES.indexOf(name)] || name;
}

const PROVINCES = [ // from PV20 on: name, column, row on the map
  ["Groningen", 3, 0], ["Fryslân", 2, 0], ["Drenthe", 3, 1], ["Overijssel", 3, 2], ["Flevoland", 2, 1],
  ["Gelderland", 2, 2], ["Utrecht", 1, 2], ["Noord-Holland", 1, 1], ["Zuid-Holland", 0, 2], ["Zeeland", 0, 3],
  ["Noord-Brabant", 1, 3], ["Limburg", 2, 3]];

function provinceName(code) {
  const found = /^PV(\d\d)$/.exec(code);
  return found && PROVINCES[found[1] - 20] ? PROVINCES[found[1] - 20][0] : code;
}

function isUnknown(code) {
  return code === "unknown" || code === "Unknown";
}

function label(dimension, code) { // what the field's codes are called
  const labels = dimension === "category" ? W.categories : W.labels[dimension] || {};
  if (isUnknown(code)) return W.unknown;
  if (Object.hasOwn(labels, code)) return labels[code];
  return dimension === "province" ? provinceName(code) : code;
}

// Signals of the year for 100,000 inhabitants.
function rate(line) {
  return line.inhabitants > 0 ? line.now * 100000 / line.inhabitants : undefined;
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

// Of the years that are compared; the newest in bold.
function statisticCells(line, rates) {
  return [line.years.map((value, i) => html("td", { class: i === line.years.length - 1 ? "is" : undefined }, statistic(value))),
    data.hasBefore && !rounding ? changeCells(line, line.before) : [],
    rates ? html("td", {}, rate(line) === undefined ? "–" : decimals(rate(line), rounding ? 1 : 2)) : []];
}

function compareText(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

// A line with what it has of the year and of the one before it.
function withPair(line) {
  const years = line.years || [];
  return { ...line, years, now: years[years.length - 1] || 0, before: years[years.length - 2] || 0 };
}

// It scrolls by itself where it is wider than the page.
function wide(caption, ...children) {
  return html("div", { class: "wide", tabindex: 0, role: "region", "aria-label": caption }, ...children);
}

function yearHeads(length) {
  return Array.from({ length }, (_, i) => html("th", { scope: "col" },
    i >= length - 2 ? html("span", { class: `key ${i === length - 1 ? "is" : "was"}` }) : null, year - length + 1 + i));
}

// Largest first, what is unknown last.
function dimensionTable(dimension, total) {
  const [caption, head] = W.dimensions[dimension];
  const lines = (data.dimensions[dimension] || []).map((line) =>
    ({ ...withPair(line), label: label(dimension, line.code), unknown: isUnknown(line.code) }));
  lines.sort((a, b) => a.unknown - b.unknown || b.now - a.now || b.before - a.before || compareText(a.label, b.label));
  const max = Math.max(1, ...lines.flatMap((line) => [line.now, line.before]));
  const rates = lines.some((line) => line.inhabitants > 0);
  const heads = [head, ...yearHeads(year - from + 1), ...(data.hasBefore && !rounding ? [W.change, W.percent] : []),
    ...(rates ? [W.rate] : [])];
  const rows = lines.map((line) => html("tr", {},
    html("th", { scope: "row" }, line.label, bars(line.now, line.before, max)), statisticCells(line, rates)));
  return wide(caption, table("bars", caption, header(...heads), rows,
    total && html("tr", {}, html("th", { scope: "row" }, W.all), statisticCells(total, rates))));
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
  const value = column.kind === "missing" ? W.notYet : column.value < rounding ? W.fewer(rounding) : count(column.value);
  return `${column.label}: ${value}${column.kind === "partial" ? W.soFar : ""}`;
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

const TILE = 100, TILE_STEP = 106;

function tile([name, column, row], { big, small, shade }) {
  const x = column * TILE_STEP, y = row * TILE_STEP, middle = x + TILE / 2;
  return svg("g", { class: `s${shade}` }, svg("rect", { x, y, width: TILE, height: TILE, rx: 4 }),
    svg("text", { x: middle, y: y + 24 }, name), svg("text", { class: "figure", x: middle, y: y + 60 }, big),
    svg("text", { class: "small", x: middle, y: y + 84 }, small));
}

// `tiles` has {big, small, shade} by code; a shade is 0 (none) to 5.
function map(title, tiles, id = "map") {
  const all = PROVINCES.map((_, i) => tiles.get(`PV${20 + i}`) || { big: "", small: "", shade: 0 });
  const description = PROVINCES.map(([name], i) => `${name}: ${all[i].big}${all[i].small && ", "}${all[i].small}`);
  const side = 3 * TILE_STEP + TILE;
  return chart(id, title, description.join("; "), { class: "map", viewBox: `0 0 ${side} ${side}` },
    PROVINCES.map((province, i) => tile(province, all[i])));
}

// ---- both pages

const monthShort = (month) => W.months[month - 1].slice(0, 3);

// Months as rows, the years that are compared as columns; `of(year, month)` is a cell.
function monthsTable(of) {
  const years = Array.from({ length: year - from + 1 }, (_, i) => from + i);
  return wide(W.monthsTable, table("months", W.monthsTable, header(W.month, ...years),
    W.months.map((name, i) => html("tr", {}, html("th", { scope: "row" }, name),
      years.map((number) => html("td", { class: number === year ? "is" : undefined }, of(number, i + 1)))))));
}

// A chart and its table, which stay on one page of paper.
function together(...children) {
  return html("div", { class: "together" }, ...children);
}

function key(name, big, ...note) {
  return html("div", {}, html("dt", {}, name), html("dd", {}, html("span", { class: "big" }, big), note));
}

function short(...answers) { // of [question, sentences]
  return html("div", { class: "short" }, html("h2", {}, W.short),
    answers.map(([question, ...words]) => html("p", {}, html("strong", {}, question), " ", words)));
}

function method(items) {
  const [before, possible, after] = W.possible;
  const part = section(W.method, html("ul", {}, html("li", {}, before, html("em", {}, possible), after),
    items.map((item) => html("li", {}, item))));
  part.className = "method";
  return part;
}

// Whose report it is: a picture that the daemon has found harmless, and the name.
function owner() {
  const logo = /^data:image\/(png|svg\+xml);base64,[A-Za-z0-9+/=]+$/.test(data.logo || "") &&
    html("img", { class: "logo", src: data.logo, alt: data.organisation ? "" : "logo" });
  return logo || data.organisation ? html("div", { class: "owner" }, logo || null, data.organisation) : null;
}

// ---- the exact page

function difference(total) { // "34 more than in 2016 (+100 %)"
  if (total.change === 0) return W.asMany(year - 1);
  const part = total.tenths === undefined ? "" : ` (${percent(total.tenths)})`;
  return W.difference(count(Math.abs(total.change)), total.change > 0, year - 1, part);
}

function percentOf(part, whole) {
  return whole > 0 ? Math.floor((part * 100 + Math.floor(whole / 2)) / whole) : 0;
}

// "29 of 342 municipalities (8 %) have signalled in 2017; 313 have not"
function coverageText({ signalling: part = 0, municipalities: all = 0 }, when) {
  const share = all > 0 ? Math.floor(part * 100 / all) : 0, rest = all - part;
  return W.coverage(count(part), part === 1, count(all), part > 0 && !share ? W.underOne : `${share}\u202f%`, when, count(rest),
    rest === 1);
}

// Is it more than chance, and how much is the percentage worth?
function judgement() {
  const { change, beyondChance, before } = data.total;
  if (change === undefined) return [];
  return [W.between(year - 1, year), change && beyondChance ? W.beyond : W.within,
    before > 0 && before < 100 ? [before < data.smallBase ? W.smallBase : null, W.points(before, Math.round(100 / before))] : null];
}

function didItDouble() {
  const { change, before, signals: now } = data.total;
  if (change === undefined) return [data.partial ? W.noChange(year) : W.noBefore];
  const words = change > 0 && now >= 2 * before ? W.yes : change > 0 ? W.noButMore : change ? W.noFewer : W.noAsMany;
  return [words(year - 1, count(before), count(now), year), judgement()];
}

// The rate of the country, and where it is highest and lowest.
function rates() {
  const country = rate({ now: data.total.signals, inhabitants: data.total.inhabitants });
  if (country === undefined) return null;
  const provinces = (data.dimensions.province || []).map(withPair);
  const known = PROVINCES.map(([name], i) => ({ name, line: provinces.find(({ code }) => code === `PV${20 + i}`) }))
    .map(({ name, line }) => ({ name, value: line ? rate(line) : undefined })).filter(({ value }) => value !== undefined);
  known.sort((a, b) => b.value - a.value || compareText(a.name, b.name));
  const most = known[0], least = known[known.length - 1];
  return [W.rateOf(decimals(country, 2)), known.length > 1 && most.value > least.value
    ? W.rateEnds(most.name, decimals(most.value, 2), least.name, decimals(least.value, 2)) : null, ". "];
}

function whoIsSilent() {
  const { coverage, total } = data;
  const quiet = coverage.provinces.flatMap((province) => [...province.silentList, ...province.neverList]);
  quiet.sort((a, b) => b.inhabitants - a.inhabitants || compareText(a.name, b.name));
  const people = quiet.reduce((sum, one) => sum + (one.inhabitants || 0), 0);
  const names = quiet.slice(0, 3).map((one) => one.name).filter(Boolean);
  return [coverageText(coverage, W.inYear(year)), ".", quiet.length ? W.silentAre(count(coverage.silent), count(coverage.never)) : null,
    total.inhabitants > 0 && people ? W.silentShare(`${percentOf(people, total.inhabitants)}\u202f%`) : null,
    names.length === 3 && quiet.length > 3 ? [W.largest, names[0], ", ", names[1], W.and, names[2], "."] : null];
}

function whatStrands() {
  const { waiting, unmappedKept: words, sources, failing, silent, quarantined } = data.strands;
  const parts = [[quarantined, W.quarantined], [failing, (n) => W.failing(n, count(sources))], [silent, W.silentSources],
    [words, W.words], [waiting, W.waiting]].filter(([value]) => value > 0).map(([value, text]) => text(count(value), value === 1));
  return parts.length ? [W.strandsAre, parts.map((part, i) => [i ? "; " : null, part]), "."] : [W.nothingStrands];
}

function exactSummary() {
  const { signals: all, persons, change } = data.total, changed = change !== undefined;
  const made = new Date(data.made), coverage = data.coverage;
  const share = (part) => [count(part), html("small", {}, W.ofAll(count(coverage.municipalities)))];
  return [
    paragraph("lede", W.lede(year, signals(all), all === 1, data.partial, count(persons), persons === 1),
      changed ? [W.thatIs, html("strong", {}, difference(data.total)), "."] : null),
    short([W.doubled, didItDouble(), rates()], [W.silent, whoIsSilent()], [W.strands, whatStrands()]),
    html("dl", { class: "keys" },
      key(W.keys[0], count(all), changed ? difference(data.total) : null),
      key(W.keys[1], count(persons), persons < all ? W.linked(count(all - persons), all - persons === 1) : W.notLinked),
      key(W.keys[2], share(coverage.signalling), W.withSignals),
      key(W.keys[3], share(coverage.basicLevel.all), W.onAll)),
    paragraph("made", W.reported(year, data.partial), W.made(made.getUTCDate(), W.months[made.getUTCMonth()], made.getUTCFullYear(),
      made.toISOString().slice(11, 16), data.version)),
  ];
}

function exactYears() {
  return data.years.filter((point) => /^\d{1,4}(-|$)/.test(point.period || "") && parseInt(point.period, 10))
    .map((point) => ({
      label: String(parseInt(point.period, 10)), value: point.signals,
      kind: point.partial ? "partial" : parseInt(point.period, 10) === year ? "strong" : "plain",
    }));
}

function exactTrend() {
  const rows = data.years.map((point, i) => html("tr", { class: point.period === String(year) ? "now" : undefined },
    html("th", { scope: "row" }, point.period, point.partial ? W.notOver : null),
    html("td", {}, count(point.signals)), html("td", {}, count(point.persons)),
    changeCells(point, i ? data.years[i - 1].signals : 0)));
  const points = data.smallBase > 0 ? Math.floor(100 / data.smallBase) : 100;
  const months = new Map(data.months.filter(({ period }) => monthOf(period)).map((point) => [point.period, point]));
  const month = (number, of) => months.get(`${number}-${String(of).padStart(2, "0")}`) || { signals: 0 };
  const ofYear = W.months.map((_, i) => ({ i, point: months.get(`${year}-${String(i + 1).padStart(2, "0")}`) }));
  const part = section(W.trend, together(columnChart("years", W.years, exactYears()),
    table(undefined, W.yearsTable, header(...W.yearsHead), rows), paragraph("note", W.yearsNote(data.smallBase, points))),
  together(columnChart("months", W.monthsOf(year), ofYear.filter(({ point }) => point).map(({ i, point }) => ({
    label: monthShort(i + 1), value: point.signals,
    kind: !point.partial ? "strong" : point.signals ? "partial" : "missing",
  }))), monthsTable((number, of) => {
    const point = month(number, of);
    return point.partial && !point.signals ? html("span", { class: "none" }, "–") : count(point.signals);
  })));
  part.className = "page";
  return part;
}

const SHADES = [0, 0, 10, 25, 50, 75]; // from so many percent on

function shareMap(provinces) {
  const tiles = new Map(provinces.map(({ code, signalling: part, municipalities: whole }) => {
    const share = percentOf(part, whole); // the shade is by the percentage as it is written
    const shade = part > 0 ? SHADES.findLastIndex((least) => share >= least) : 0;
    return [code, { big: `${share}\u202f%`, small: W.of(part, whole), shade }];
  }));
  return [map(W.shareMap, tiles),
    html("ul", { class: "legend" }, W.shades.map((text, i) => html("li", {},
      svg("svg", { class: `s${i}`, "aria-hidden": "true" }, svg("rect", { width: "100%", height: "100%" })), text)))];
}

// Darkest where there are most for each inhabitant.
function rateMap() {
  const lines = (data.dimensions.province || []).map(withPair).filter((line) => rate(line) !== undefined);
  const max = Math.max(0, ...lines.map(rate));
  const tiles = new Map(lines.map((line) => [line.code, { big: decimals(rate(line), 2), small: count(line.now),
    shade: rate(line) > 0 ? 1 + Math.min(4, Math.floor(rate(line) * 5 / max)) : 0 }]));
  return tiles.size ? map(W.rates, tiles, "rates") : null;
}

function shares(caption, head, rows) { // of [label, part, whole]
  return table("bars", caption, header(head, W.municipalities, W.share), rows.map(([name, part, whole]) => {
    const tenths = whole > 0 ? Math.floor((part * 1000 + Math.floor(whole / 2)) / whole) : 0;
    return html("tr", {}, html("th", { scope: "row" }, name, bars(part, 0, whole)),
      html("td", {}, W.of(count(part), count(whole))), html("td", {}, decimals(tenths / 10, 1) + "\u202f%"));
  }));
}

function groups(caption, head, rows) {
  const keys = ["municipalities", "signalling", "silent", "never", "official", "policy", "all"];
  return wide(caption, table(undefined, caption, header(head, ...W.groupHeads),
    rows.map((row) => html("tr", {}, html("th", { scope: "row" }, sizeClass(row.name)),
      keys.map((name) => html("td", {}, count(row[name])))))));
}

function coverageSection() {
  const { basicLevel: level, municipalities: all, provinces, sizeClasses } = data.coverage;
  const part = section(W.coverageTitle, paragraph("lede", coverageText(data.coverage, W.inYear(year)), "."),
    html("p", {}, W.today, coverageText(data.today, W.inDays), "."),
    html("div", { class: "pair" }, html("div", {}, shareMap(provinces)), html("div", {},
      shares(W.level, W.criterion,
        [level.signals, level.official, level.policy, level.all].map((value, i) => [W.criteria[i], value, all])),
      shares(W.bySize, W.inhabitants,
        sizeClasses.map((row) => [sizeClass(row.name), row.signalling, row.municipalities])))),
    groups(W.byProvince, W.province, provinces), groups(W.bySizes, W.inhabitants, sizeClasses));
  part.className = "page";
  return part;
}

function silentTable(provinces) {
  const column = (name, text) => html("th", { scope: "col", class: text ? "text" : undefined }, name);
  return [html("h3", {}, W.fellSilent), table("long", W.fellTable(year),
    header(W.municipality, column(W.province, true), W.inhabitants, W.lastSignal),
    provinces.flatMap((province) => province.silentList.map((one) => html("tr", {},
      html("th", { scope: "row" }, one.name), html("td", { class: "text" }, province.name),
      html("td", {}, count(one.inhabitants)), html("td", {}, monthText(one.lastSignal))))))];
}

// Those that are connected and yet never did are the ones to ask first.
function neverLists(provinces) {
  return [html("h3", {}, W.neverTitle(year)), paragraph("note", W.neverNote),
    provinces.filter((province) => province.neverList.length).map((province) => [html("h4", {}, province.name),
      paragraph("names", province.neverList.map((one, i) =>
        [i ? " · " : null, one.connected ? html("b", {}, one.name) : one.name]))])];
}

function silentSection() {
  const { silent, never, provinces } = data.coverage;
  const part = section(W.silentTitle, silent ? silentTable(provinces) : null, never ? neverLists(provinces) : null,
    !silent && !never ? html("p", {}, W.noneSilent(year)) : null);
  part.className = "page";
  return part;
}

function exactPage() {
  const total = { ...data.total, years: data.years.filter(({ period }) => period >= from && period <= year).map(({ signals: n }) => n),
    now: data.total.signals };
  document.querySelector(".mark span").append(W.mark);
  document.querySelector("header").append(...exactSummary());
  document.querySelector("main").append(
    exactTrend(),
    section(W.forms, dimensionTable("category", total), paragraph("note", W.formsNote)),
    section(W.units, dimensionTable("policeUnit", total)),
    section(W.where, together(rateMap(), dimensionTable("province", total), paragraph("note", W.whereNote))),
    section(W.victims, ["gender", "ageGroup", "citizenship"].map((name) => dimensionTable(name))),
    section(W.sources, ["sourceKind", "status"].map((name) => dimensionTable(name))),
    coverageSection(), silentSection(), method(W.exactMethod));
}

// ---- the page that may be published

function isWhole(number) {
  return number < data.closedYear || (number === data.closedYear && data.closedMonth === 12);
}

// What the ranges say: twice the largest that the year before can be, or less than twice its smallest.
function didItDoubleRounded({ now, before }) {
  if (!data.hasBefore) return W.noBefore;
  if (now > 0 && now >= 2 * (before + rounding - 1)) return W.yesRounded(year - 1);
  return now + rounding - 1 < 2 * before ? W.noRounded(year - 1) : W.cannotTell;
}

function roundedSummary() {
  const closed = W.months[data.closedMonth - 1], total = withPair(data.total);
  return [
    paragraph("lede", W.ledeRounded(year), html("strong", {}, W.signalsRounded(range(total.now))),
      W.wereReported, isWhole(year) ? null : W.upTo(closed),
      data.hasBefore ? W.beforeRounded(year - 1, range(total.before)) : null, "."),
    short([W.doubled, didItDoubleRounded(total)], [W.silent, W.silentRounded(range(data.municipalities), year)]),
    html("dl", { class: "keys" },
      key(W.keysRounded[0], total.now < rounding ? `<${rounding}` : count(total.now), range(total.now)),
      key(W.keysRounded[1], data.municipalities < rounding ? `<${rounding}` : count(data.municipalities),
        range(data.municipalities))),
    paragraph("made", W.madeRounded(rounding, closed, data.closedYear)),
  ];
}

function roundedTrend() {
  const years = data.years.map((value, i) => {
    const number = data.firstYear + i;
    return { label: String(number), value, kind: !isWhole(number) ? "partial" : number === year ? "strong" : "plain" };
  });
  const missing = (number, month) => number === data.closedYear && month > data.closedMonth;
  const monthly = (number, month) => data.months[(number - from) * 12 + month - 1] || 0;
  const months = W.months.map((_, i) => ({ label: monthShort(i + 1), value: monthly(year, i + 1),
    kind: missing(year, i + 1) ? "missing" : "strong" }));
  return section(W.trend, together(columnChart("years", W.years, years),
    table("slim", W.years, header(...W.yearHead), years.map(({ label: name, value, kind }) =>
      html("tr", { class: kind === "strong" ? "now" : undefined },
        html("th", { scope: "row" }, name, kind === "partial" ? W.notOver : null), html("td", {}, statistic(value)))))),
  together(columnChart("months", W.monthsOf(year), months), monthsTable((number, month) =>
    (missing(number, month) ? html("span", { class: "none" }, "–") : statistic(monthly(number, month))))));
}

function countMap() {
  const lines = data.dimensions.province.map(withPair), max = Math.max(1, ...lines.map(({ now }) => now));
  return map(W.mapRounded, new Map(lines.map(({ code, now }) => [code, now < rounding
    ? { big: `<${rounding}`, small: "", shade: 0 }
    : { big: count(now), small: W.to(count(now + rounding - 1)), shade: 1 + Math.floor((now * 5 - 1) / max) }])));
}

function roundedPage() {
  document.querySelector(".mark span").append(W.markRounded(rounding));
  document.querySelector("header").append(...roundedSummary());
  document.querySelector("main").append(
    roundedTrend(),
    section(W.forms, dimensionTable("category")),
    section(W.units, dimensionTable("policeUnit")),
    section(W.where, together(countMap(), dimensionTable("province"),
      data.dimensions.province.some((line) => line.inhabitants > 0) ? paragraph("note", W.whereNoteRounded) : null)),
    section(W.victims, ["gender", "ageGroup", "citizenship"].map((name) => dimensionTable(name))),
    section(W.sources, dimensionTable("sourceKind")),
    method(W.roundedMethod(rounding, count(3 * rounding), count(4 * rounding - 1), W.fewer(rounding))));
}

const whose = owner();
if (whose) document.querySelector("header").prepend(whose);
if (rounding) roundedPage();
else exactPage();
