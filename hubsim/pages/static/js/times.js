// Tells times as people do.
"use strict";

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const month = 30 * day;
const year = 365 * day;

// Each unit counts up to its limit; one of it is told with an article.
const units = [
  { limit: 45, one: "a few seconds", size: 0 },
  { limit: 45 * minute, one: "a minute", size: minute, many: "minutes" },
  { limit: 22 * hour, one: "an hour", size: hour, many: "hours" },
  { limit: 26 * day, one: "a day", size: day, many: "days" },
  { limit: 320 * day, one: "a month", size: month, many: "months" },
  { limit: Infinity, one: "a year", size: year, many: "years" },
];

function relative(seconds) {
  const far = Math.abs(seconds);
  const unit = units.find((u) => far < u.limit);
  const count = unit.size ? Math.round(far / unit.size) : 1;
  const words = count <= 1 ? unit.one : `${count} ${unit.many}`;
  return seconds > 0 ? `in ${words}` : `${words} ago`;
}

// tellTimes puts words in place of the times in cells td.time-col. The hub's clock
// may be another than the browser's: then an element with data-now says what it is.
function tellTimes() {
  const clock = document.querySelector("[data-now]")?.dataset.now;
  const now = clock ? Number(clock) : Date.now();
  for (const cell of document.querySelectorAll("td.time-col")) {
    const time = Date.parse(cell.textContent);
    if (!Number.isNaN(time)) {
      cell.title = cell.textContent;
      cell.textContent = relative((time - now) / 1000);
    }
  }
}
