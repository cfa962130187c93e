/* SPDX-License-Identifier: GPL-3.0-or-later
   SPDX-FileCopyrightText: 2026 fleetform contributors */
"use strict";
const box = document.getElementById("filter");
const hide = document.getElementById("hide");
const shown = document.getElementById("shown");
// Read once: what is in a page of thousands of devices is slow to ask for with every key.
const accounts = Array.from(document.querySelectorAll("section.account"), (section) => {
  const heading = section.querySelector("h2").textContent;
  const devices = Array.from(section.querySelectorAll("details.device"), (element) => ({
    element,
    unchanged: element.classList.contains("same"),
    text: `${heading} ${element.textContent}`.toLowerCase(),
  }));
  return { section, devices };
});
const total = accounts.reduce((sum, { devices }) => sum + devices.length, 0);

// A device is shown when every word is somewhere in it; an account when one of its devices is.
function show() {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const { section, devices } of accounts) {
    const before = count;
    for (const { element, unchanged, text } of devices) {
      element.hidden = (unchanged && hide.checked) || !words.every((word) => text.includes(word));
      if (!element.hidden) count += 1;
    }
    section.hidden = count === before;
  }
  shown.textContent = `${count} of ${total} device${total === 1 ? "" : "s"} shown`;
}

box.addEventListener("input", show);
hide.addEventListener("change", show);
document.getElementById("controls").hidden = false;
show();

// The style opens all on paper. This is for browsers that do not know how.
let closed = [];
addEventListener("beforeprint", () => {
  closed = Array.from(document.querySelectorAll("details:not([open])"));
  for (const element of closed) element.open = true;
});
addEventListener("afterprint", () => {
  for (const element of closed) element.open = false;
});
