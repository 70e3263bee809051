// Small comforts. Every page works without them.
"use strict";

const PICTURES_HASHED_UP_TO = 64 * 1024 * 1024;

function hex(buffer) {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Tell the server what left this machine, so that a cut upload is noticed.
async function declare(form, file, said) {
  const digest = form.elements.declared_sha256;
  const size = form.elements.declared_size;
  digest.value = "";
  size.value = file ? file.size : "";
  if (!file) {
    said.textContent = "";
    return;
  }
  said.textContent = `${file.name}, ${file.size.toLocaleString("en-GB")} bytes`;
  if (!globalThis.crypto?.subtle || file.size > PICTURES_HASHED_UP_TO) return;
  const found = hex(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  const input = form.elements.file;
  if (input.files[0] === file) {
    digest.value = found;
    said.textContent += `, SHA-256 ${found}`;
  }
}

for (const zone of document.querySelectorAll("[data-drop]")) {
  const input = document.getElementById(zone.htmlFor);
  const said = zone.parentElement.querySelector("[data-chosen]");
  const over = (is) => zone.classList.toggle("over", is);
  input.addEventListener("change", () => declare(input.form, input.files[0], said));
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    over(true);
  });
  zone.addEventListener("dragleave", () => over(false));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    if (event.dataTransfer.files.length === 0) return;
    const one = new DataTransfer();
    one.items.add(event.dataTransfer.files[0]);
    input.files = one.files;
    input.dispatchEvent(new Event("change"));
  });
  // A picture dropped beside the zone would replace the page, and what was typed with it.
  for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());
}

function offerCopies(part) {
  if (!navigator.clipboard) return;
  for (const button of part.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    const label = button.firstChild;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      label.nodeValue = "Copied";
      setTimeout(() => { label.nodeValue = "Copy"; }, 2000);
    });
  }
}

// What the server sent of a part that changes, before anything was done to it here.
const sent = new WeakMap();
for (const part of document.querySelectorAll("[data-changes]")) sent.set(part, part.innerHTML);
offerCopies(document);

// Evidence is not submitted twice because somebody pressed twice.
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    const said = form.querySelector("[data-progress]");
    if (said) said.textContent = "Sending…";
  });
  window.addEventListener("pageshow", () => { delete form.dataset.sent; });
}

// While tools still read the item, or a bundle is written, look again for what changed; the parts that do are marked.
// What takes longer than a minute is looked at more seldom.
const AGAIN_AFTER = 1500;
const AGAIN_TIMES = 40;
const SELDOM = 15000;

async function lookAgain(times) {
  await new Promise((resolve) => { setTimeout(resolve, times > 0 ? AGAIN_AFTER : SELDOM); });
  const answer = document.hidden ? null : await fetch(location.href, { headers: { "Waterline-Again": "1" } });
  if (answer?.ok) {
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-changes]")) {
      const now = fresh.getElementById(part.id);
      // What somebody is using stays as it is.
      if (!now || now.innerHTML === sent.get(part) || part.contains(document.activeElement)) continue;
      sent.set(now, now.innerHTML);
      part.replaceWith(now);
      offerCopies(now);
    }
  }
  if (document.querySelector("[data-waits]")) lookAgain(times - 1);
}

if (document.querySelector("[data-waits]")) lookAgain(AGAIN_TIMES);

document.getElementById("refused")?.focus();
document.getElementById("preview")?.focus();
