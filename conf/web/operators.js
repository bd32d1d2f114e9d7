// The page's own script: two streams come in, and each part is drawn anew when what it shows has changed. Text of the daemon becomes
// text nodes and nothing else. It asks for nothing else and changes nothing.

const lang = document.documentElement.lang === "en" ? 1 : 0;
const locale = ["nl-NL", "en-GB"][lang];
const zone = { timeZone: "Europe/Amsterdam" };
const SILENT_MS = 12000; // without a word from the daemon: contact is lost
const AGAIN_MS = 2000;
const HIDDEN_MS = 30000; // a page that nobody looks at lets go

// ---- words, numbers, times

const byId = (id) => document.getElementById(id);
const number = (value) => new Intl.NumberFormat(locale).format(value);
const say = (key, ...values) => values.reduce((text, value) => text.replace("{}", () => value), WORDS[key][lang]);
const named = (key, code) => WORDS[key][lang][code] || code;

function percent(part, whole) {
  const value = whole ? 100 * part / whole : 0;
  return (part && value < 1 ? "<1" : number(Math.round(value))) + "\u202f%";
}

function signed(value) {
  return (value > 0 ? "+" : value < 0 ? "\u2212" : "") + number(Math.abs(value));
}

function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${new Intl.NumberFormat(locale, { maximumFractionDigits: value < 10 && unit ? 1 : 0 }).format(value)}\u00a0${units[unit]}`;
}

function span(ms) {
  const units = WORDS.units[lang], seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds}\u00a0${units.s}`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}\u00a0${units.m}`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)}\u00a0${units.h}`;
  return `${number(Math.floor(seconds / 86400))}\u00a0${units.d}`;
}

const clock = (date) => new Intl.DateTimeFormat(locale, { timeStyle: "medium", ...zone }).format(date);

function moment(text) { // today the time, else the day
  if (!text) return say("never");
  const date = new Date(text), day = (d) => new Intl.DateTimeFormat(locale, { dateStyle: "medium", ...zone }).format(d);
  return day(date) === day(new Date()) ? clock(date) : day(date);
}

function monthName(period, style) {
  return new Intl.DateTimeFormat(locale, { month: style, year: "numeric", timeZone: "UTC" }).format(new Date(`${period}-01T00:00:00Z`));
}

// ---- elements

function add(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) element.setAttribute(name, value);
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}
const html = (tag, attributes = {}, ...children) => add(document.createElement(tag), attributes, children);
const svg = (tag, attributes = {}, ...children) => add(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

// What stands between `marks` is typed somewhere.
const marked = (text) => text.split("`").map((part, i) => i % 2 ? html("code", {}, part) : part);
const paragraph = (text, name) => html("p", { class: name }, marked(text));
const item = (name, value, warn) => [html("dt", {}, name), html("dd", { class: warn ? "warn" : undefined }, value)];

// Heads are [text, is it a text column]; the first cell of a row is its name. Under a title that says it already, the caption is for
// those who hear the page.
function table(caption, heads, rows, shown) {
  const cell = ([text, words], content, i) => i === 0 ? html("th", { scope: "row" }, content)
    : html("td", { class: words ? "text" : undefined }, content);
  return html("div", { class: "wide", role: "group", tabindex: "0", "aria-label": caption }, html("table", { class: heads.length > 4 ? "many" : undefined },
    html("caption", { class: shown ? undefined : "unseen" }, caption),
    html("thead", {}, html("tr", {}, heads.map(([text, words]) => html("th", { scope: "col", class: words ? "text" : undefined }, text)))),
    html("tbody", {}, rows.map((row) => html("tr", {}, row.map((content, i) => cell(heads[i], content, i)))))));
}

const drawn = new Map();

// Draws only what has changed, so that a screen reader has peace. Who is in a table stays there, as far to the right.
function draw(id, value, parts) {
  const text = JSON.stringify(value), place = byId(id), tables = () => [...place.querySelectorAll(".wide")];
  if (drawn.get(id) === text) return;
  drawn.set(id, text);
  const focused = tables().indexOf(document.activeElement), scrolled = tables().map((table) => table.scrollLeft);
  place.replaceChildren(...[parts(value)].flat(Infinity).filter(Boolean));
  tables().forEach((table, i) => {
    table.scrollLeft = scrolled[i] || 0;
    if (i === focused) table.focus({ preventScroll: true });
  });
}

// ---- is all well?

const isGrave = ({ code }) => GRAVE.includes(code);
const what = ({ code, count }) => (ALARMS[code] ? ALARMS[code][0][lang] : code) + (count > 1 ? ` (${number(count)})` : "");
const todo = ({ code }) => ALARMS[code] ? ALARMS[code][1][lang] : "";
const lower = (text) => text[0].toLowerCase() + text.slice(1);

// The one sentence, and what to do; `told`: the alarm that it tells.
function judge(now) {
  if (!now) return { mood: "wait", say: say("connecting"), do: "" };
  const { status, alarms } = now, [first] = alarms;
  if (first && isGrave(first)) return { mood: "bad", say: what(first), do: todo(first), told: first };
  if (alarms.length === 1) return { mood: "look", say: say("lookSay", lower(what(first))), do: todo(first), told: first };
  if (alarms.length) return { mood: "look", say: say("looksSay", number(alarms.length)), do: "" };
  if (!status.feeds.sources) return { mood: "good", say: say("noSourcesSay"), do: say("noSourcesDo") };
  if (!status.ledger.accepted) return { mood: "good", say: say("noSignalsSay"), do: say("noSignalsDo") };
  const way = status.kafka.state === "off" ? "wellNoKafka" : status.ledger.waiting ? "wellWaits" : "wellKafka";
  return { mood: "good", say: say("wellSay"), do: say("wellDo", say(way)) };
}

function drawWell(well) {
  byId("well").dataset.mood = well.mood;
  draw("well-say", well.say, (text) => [text]);
  draw("well-do", well.do, marked);
}

const alarmItem = (alarm) => html("li", { class: isGrave(alarm) ? "bad" : undefined }, html("h3", {}, what(alarm)), paragraph(todo(alarm)),
  html("p", { class: "soft" }, alarm.code));
const toldItem = ({ code, count }) => html("li", { class: "was" }, html("h3", {}, what({ code })), paragraph(todo({ code })),
  html("p", { class: "soft" }, `${code}, ${say("since", number(count))}`));

function drawAlarms({ alarms, told }, well) {
  draw("alarms", [alarms, told], () => [alarms.filter((alarm) => alarm !== well.told).map(alarmItem), told.map(toldItem)]);
}

// ---- the four cards

function spark(minutes) {
  const max = Math.max(1, ...minutes), step = 100 / minutes.length;
  return svg("svg", { class: "spark", role: "img", "aria-label": say("perMinute", number(Math.max(...minutes))) },
    minutes.map((value, i) => svg("rect", { class: value ? undefined : "none", x: `${(i * step).toFixed(2)}%`, width: `${(step * .7).toFixed(2)}%`,
      y: value ? (32 - Math.max(2, 32 * value / max)).toFixed(1) : 31, height: value ? Math.max(2, 32 * value / max).toFixed(1) : 1 })));
}

function gauge(part, high) {
  const width = Math.min(100, Math.max(part ? .5 : 0, 100 * part)).toFixed(1);
  return svg("svg", { class: "gauge", "aria-hidden": "true" }, svg("rect", { class: "all", width: "100%", height: 6, rx: 3 }),
    svg("rect", { class: high ? "is high" : "is", width: `${width}%`, height: 6, rx: 3 }));
}

const big = (value, of) => [html("p", { class: "big" }, value), html("p", { class: "of" }, of)];
const age = (text, time) => text ? say("ago", span(new Date(time) - new Date(text))) : say("never");

function drawCards({ status, rates, diskPercent, oldestWaiting, time }) {
  const { intake, ledger, kafka, feeds } = status;
  draw("intake", [rates, intake.connections, intake.full], () => [
    big(number(rates.hour), rates.seconds < 3600 ? say("newSince", span(rates.seconds * 1000)) : say("newHour")), spark(rates.minutes),
    html("dl", {}, item(say("average"), new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }).format(
      rates.hour / Math.min(60, Math.max(1, rates.seconds / 60)))),
    item(say("lastDay"), number(rates.day)), item(say("refusedDay"), number(rates.refusedDay), rates.refusedDay > 0),
    item(say("received"), number(intake.connections)))]);
  draw("kafka", [kafka, ledger.waiting, ledger.published, oldestWaiting && time], () => [
    big(number(ledger.waiting), say("waitsKafka")),
    html("dl", {}, item(say("oldest"), oldestWaiting ? span(new Date(time) - new Date(oldestWaiting)) : say("nothing")),
      item(say("state"), named("kafkaStates", kafka.state), kafka.state === "stalled"),
      item(say("published"), number(ledger.published))),
    kafka.lastError && html("p", { class: "warn", lang: "en" }, kafka.lastError),
    kafka.whatToDo && html("p", { lang: "en" }, kafka.whatToDo)]);
  const used = ledger.maxBytes ? ledger.usedBytes / ledger.maxBytes : 0;
  draw("disk", [ledger, diskPercent, age(ledger.lastCommit, time)], () => [
    big(percent(ledger.usedBytes, ledger.maxBytes), say("ledgerFull")), gauge(used, used > .8),
    html("dl", {}, item(say("lastCommit"), age(ledger.lastCommit, time)), item(say("size"), bytes(ledger.usedBytes)),
      item(say("diskUsed"), `${diskPercent}\u202f%`, diskPercent > 85), item(say("signals"), number(ledger.signals)))]);
  draw("sources", feeds, () => [big(number(feeds.sources), say("sourcesOf", number(feeds.polled))),
    html("dl", {}, item(say("failing"), number(feeds.failing), feeds.failing > 0), item(say("silentCount"), number(feeds.silent), feeds.silent > 0),
      item(say("paused"), number(feeds.paused)), item(say("quarantined"), number(feeds.quarantined), feeds.quarantined > 0))]);
}

// ---- the trend

const FEW = 6; // in both years together carry nothing

function meaning({ before, now, beyondChance }) {
  return say(before + now < FEW ? "few" : beyondChance ? "sure" : before === now ? "same" : "chance");
}

function change({ before, now }) {
  const share = before ? ` (${now < before ? "\u2212" : now > before ? "+" : ""}${percent(Math.abs(now - before), before)})` : "";
  return signed(now - before) + share;
}

// Every month of the 24 before the present one, and that.
function allMonths({ months, present }) {
  const [year, month] = present.split("-").map(Number), found = new Map(months.map((m) => [m.month, m.signals]));
  return Array.from({ length: 25 }, (_, i) => {
    const date = new Date(Date.UTC(year, month - 1 - 24 + i, 1)).toISOString().slice(0, 7);
    return { month: date, signals: found.get(date) || 0, kind: i < 12 ? "then" : i < 24 ? "now" : "part" };
  });
}

function columns(months) {
  const max = Math.max(...months.map((m) => m.signals), 4), top = 10, foot = 165, step = 100 / months.length;
  const y = (value) => (foot - (foot - top) * value / max).toFixed(1);
  const grid = [0, max].map((value) => [svg("line", { x1: "0", x2: "100%", y1: y(value), y2: y(value) }),
    value ? svg("text", { x: 0, y: Number(y(value)) - 3 }, number(value)) : null]);
  const bars = months.map(({ month, signals, kind }, i) => [
    svg("rect", { class: kind, x: `${(i * step + step * .15).toFixed(2)}%`, width: `${(step * .7).toFixed(2)}%`, y: y(signals),
      height: (foot - y(signals)).toFixed(1) }, svg("title", {}, `${monthName(month, "long")}: ${number(signals)}`)),
    i % 12 === 0 ? svg("text", { x: `${[0, 48, 100][i / 12]}%`, y: foot + 16, "text-anchor": ["start", "start", "end"][i / 12] },
      monthName(month, "short")) : null]);
  return svg("svg", { class: "columns", role: "img", "aria-label": say("chart") }, grid, bars);
}

const key = (name, words) => html("li", {}, svg("svg", { "aria-hidden": "true" }, svg("rect", { class: name, x: 1, y: 1, width: 10, height: 10 })), say(words));

function drawTrend(trend) {
  const none = !trend.months.length;
  draw("trend", trend, () => none ? paragraph(say("trendNone"), "soft") : [
    paragraph(say("trendSay", number(trend.now), number(trend.before), meaning(trend) === say("same") ? say("same") : `${change(trend)}, ${meaning(trend)}`)),
    columns(allMonths(trend)), html("ul", { class: "legend" }, key("then", "before"), key("now", "after"), key("part", "running"))]);
  byId("trend-table").parentElement.hidden = none;
  const forms = [...trend.categories].sort((a, b) => b.now - a.now || b.before - a.before);
  draw("trend-table", trend, () => [
    table(say("form"), [[say("form"), true], [say("before")], [say("after")], [say("change")], [say("meaning"), true]],
      forms.map((line) => [named("categories", line.category), number(line.before), number(line.now), change(line), meaning(line)]), true),
    table(say("chart"), [[say("month"), true], [say("count")]],
      allMonths(trend).reverse().map((m) => [monthName(m.month, "long"), number(m.signals)]), true)]);
}

// ---- what departs from its trend, as the last close of a month found it

const DEPARTED_SHOWN = 20;

function regionName({ kind, code, name }) {
  if (code === "unknown") return say("unknown");
  return kind === "country" ? say("country") : kind === "policeUnit" ? say("policeUnit", code) : name || code;
}

function drawDeparted({ closed, tested, departed }) {
  const surest = [...departed].sort((a, b) => a.data.p - b.data.p);
  draw("departed", [closed, tested, departed], () => !departed.length
    ? paragraph(tested ? say("noDeparted", number(tested), monthName(closed, "long")) : say("untested"), "soft")
    : [paragraph(say("departedSay", number(departed.length), number(tested), monthName(closed, "long"))),
      table(say("departed"), [[say("region"), true], [say("before")], [say("after")], [say("change")]],
        surest.slice(0, DEPARTED_SHOWN).map(({ data }) => [[regionName(data.region), html("br"), html("span", { class: "soft" },
          named("categories", data.category))], number(data.before.signals), number(data.now.signals),
        change({ before: data.before.signals, now: data.now.signals })])),
      rest(Math.min(departed.length, DEPARTED_SHOWN), departed.length)]);
}

// ---- who signals: each province where it lies, each municipality a mark in it

const ROW = 10, MARK = 9; // marks in a row; and how wide one is

function mark({ name, state }, i) {
  const x = i % ROW * MARK, y = Math.floor(i / ROW) * MARK, title = svg("title", {}, `${name}: ${say(stateWord(state))}`);
  if (state === "signals") return svg("rect", { class: "signals", x, y, width: 7, height: 7, rx: 1 }, title);
  if (state === "silent") return svg("circle", { class: "silent", cx: x + 3.5, cy: y + 3.5, r: 3.2 }, title);
  return svg("rect", { class: "never", x: x + .5, y: y + .5, width: 6, height: 6, rx: 1 }, title);
}

const ORDER = ["signals", "silent", "never"];
const stateWord = (state) => ["signalling", "fellSilent", "neverDid"][ORDER.indexOf(state)];
const byState = (places) => [...places].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.name.localeCompare(b.name, "nl"));

function provinceItem(province) {
  const places = byState(province.places);
  return html("li", { class: province.code }, html("b", { title: province.name }, province.name),
    say("mapOf", number(province.signalling), number(province.municipalities)),
    svg("svg", { "aria-hidden": "true", viewBox: `0 0 ${ROW * MARK} ${Math.ceil(places.length / ROW) * MARK}` }, places.map(mark)));
}

function drawCoverage(coverage) {
  const places = coverage.provinces.flatMap((province) => province.places);
  draw("coverage", coverage, () => [
    paragraph(say("coverageSay", number(coverage.signalling), number(coverage.municipalities), percent(coverage.signalling, coverage.municipalities))),
    html("ul", { class: "map", "aria-label": say("mapLabel") }, coverage.provinces.map(provinceItem)),
    html("ul", { class: "legend" }, ORDER.map((state) => html("li", {},
      svg("svg", { "aria-hidden": "true", viewBox: "0 0 8 8" }, mark({ name: "", state }, 0)), say(stateWord(state)))))]);
  draw("coverage-table", coverage, () => table(say("mapLabel"),
    [[say("province"), true], [say("signalling")], [say("share")], [say("fellSilent")], [say("neverDid")], [say("unconnected")]],
    coverage.provinces.map((p) => [p.name, number(p.signalling), percent(p.signalling, p.municipalities), number(p.silent), number(p.never),
      number(p.unconnected)]), true));
  draw("coverage-names", places, () => ORDER.map((state) => [html("h3", {}, say(stateWord(state))),
    html("p", {}, byState(places).filter((place) => place.state === state).map((place) => place.name).join(", ") || say("noneOf"))]));
}

// ---- lists

function trouble(feed) {
  if (feed.trouble === "failing") return [html("span", { lang: "en" }, feed.failure || ""), ` (${say("times", number(feed.failures))})`];
  return marked(say({ short: "short", cut: "cut", paused: "isPaused" }[feed.trouble], feed.name));
}

const rest = (told, total) => total > told ? paragraph(say("more", number(total - told)), "soft") : null;
const owner = (feed) => feed.municipality ? [feed.name, html("br"), html("span", { class: "soft" }, feed.municipality)] : feed.name;
const stamp = (text) => html("span", { class: "nowrap" }, moment(text));

function drawFeeds({ troubled, troubledTotal, silent, silentTotal }, polled) {
  draw("troubled", [troubled, polled], () => !troubled.length ? paragraph(say(polled ? "noTrouble" : "noPolled"), "soft") : [
    table(say("troubled"), [[say("source"), true], [say("why"), true], [say("nextPoll")], [say("lastContact")]],
      troubled.map((feed) => [owner(feed), trouble(feed), feed.nextPoll ? stamp(feed.nextPoll) : "\u2013", stamp(feed.lastContact)])),
    rest(troubled.length, troubledTotal)]);
  draw("silent", silent, () => !silent.length ? paragraph(say("noSilent"), "soft") : [paragraph(say("silentDo")),
    table(say("silent"), [[say("source"), true], [say("lastSignal")]], silent.map((feed) => [owner(feed), stamp(feed.lastSignal)])),
    rest(silent.length, silentTotal)]);
}

function eventRow({ event, published }) {
  const data = event.data || {}, source = data.source || {}, place = data.municipality || {};
  const kind = event.type.split(".").at(-2), forms = data.categories || (data.category ? [data.category] : []);
  const where = data.region ? regionName(data.region) : place.name || (data.municipality === undefined ? "\u2013" : say("unknown"));
  return [stamp(event.time), named("types", kind), source.name || "\u2013", where,
    forms.map((code) => named("categories", code)).join(", ") || "\u2013", data.reported ? data.reported.slice(0, 10) : "\u2013",
    say(published ? "inKafka" : "waits")];
}

function drawEvents(events) {
  draw("events", events, () => !events.length ? paragraph(say("noEvents"), "soft") :
    table(say("events"), [[say("time"), true], [say("what"), true], [say("source"), true], [say("place"), true], [say("form"), true],
      [say("reported"), true], ["Kafka", true]], [...events].reverse().map(eventRow)));
}

function drawWords({ words, wordsTotal }) {
  draw("words", words, () => !words.length ? paragraph(say("noWords"), "soft") : [paragraph(say("wordsDo")),
    table(say("words"), [[say("word"), true], [say("field"), true], [say("source"), true], [say("timesHead")]],
      words.map((word) => [word.word || html("span", { class: "soft" }, say("hiddenWord")), named("fields", word.field), word.source, number(word.times)])),
    rest(words.length, wordsTotal)]);
}

// ---- the streams

const opened = Date.now();
let latest = null, heard = 0, streams = [], hiding = 0;

function onStatus(now) {
  latest = now;
  heard = Date.now();
  byId("cards").hidden = false;
  drawCards(now);
  drawAlarms(now, judge(now));
  draw("made", [now.status.version, now.status.started], () => [say("made", now.status.version, moment(now.status.started))]);
  showContact();
}

function onFigures(figures) {
  byId("no-figures").hidden = true;
  byId("figures").hidden = false;
  drawTrend(figures.trend);
  drawDeparted(figures.departed);
  drawCoverage(figures.coverage);
  drawFeeds(figures, latest ? latest.status.feeds.polled : 1);
  drawEvents(figures.events);
  drawWords(figures);
}

function showContact() {
  const lost = Date.now() - (heard || opened) > SILENT_MS, time = clock(new Date(heard || opened));
  byId("live").className = lost ? "off" : heard ? "on" : "";
  byId("live-text").textContent = lost || heard ? say(lost ? "lost" : "live", time) : "";
  byId("page").classList.toggle("quiet", lost);
  drawWell(lost ? { mood: "bad", say: say("lostSay"), do: (heard ? `${say("lostOf", time)} ` : "") + say("lostDo") } : judge(latest));
}

// A browser gives up where the answer is no stream (429, 503); the page does not.
function open(path, event, receive, refused) {
  const stream = { close: () => { clearTimeout(stream.again); stream.source.close(); } };
  const connect = () => {
    stream.source = new EventSource(path);
    stream.source.addEventListener(event, (message) => receive(JSON.parse(message.data)));
    stream.source.onerror = () => {
      if (stream.source.readyState !== EventSource.CLOSED) return;
      if (refused) refused();
      stream.again = setTimeout(connect, AGAIN_MS * 5);
    };
  };
  connect();
  return stream;
}

function look() {
  clearTimeout(hiding);
  if (document.hidden) hiding = setTimeout(() => { streams.forEach((stream) => stream.close()); streams = []; }, HIDDEN_MS);
  else if (!streams.length) streams = [open("v1/live?follow=1", "status", onStatus), open("v1/live/figures?follow=1", "figures", onFigures, () => { byId("no-figures").hidden = false; })];
}

for (const element of document.querySelectorAll("[data-t]")) element.replaceChildren(...marked(say(element.dataset.t)));
for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", say(element.dataset.label));
document.title = `signaald: ${say("title")}`;
document.querySelector(`nav [lang=${document.documentElement.lang}]`).setAttribute("aria-current", "page");
byId("no-figures").textContent = say("noFigures");
document.addEventListener("visibilitychange", look);
setInterval(showContact, AGAIN_MS);
look();
