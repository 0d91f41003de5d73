/* The page Bundles: how far an upload is. Without this script the forms do the same, and the browser shows less. */
"use strict";

const showing = (form, is) => {
  form.querySelector(".under-way").hidden = !is;
  form.querySelector("button").disabled = is;
};

/* The answer is a whole page: its content takes the place of ours, and a screen reader goes to what became of it. */
const show = (html) => {
  const main = new DOMParser().parseFromString(html, "text/html").querySelector("main");
  document.querySelector("main").replaceWith(main);
  begin();
  const outcome = document.getElementById("outcome") || main;
  outcome.focus();
};

const send = (form) => {
  const words = form.querySelector("[data-sending]");
  const bar = form.querySelector("progress");
  const request = new XMLHttpRequest();
  const broken = () => {
    showing(form, false);
    form.querySelector(".under-way").hidden = false;
    bar.hidden = true;
    words.textContent = words.dataset.broken;
  };
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) bar.value = event.loaded / event.total;
  });
  request.upload.addEventListener("load", () => {
    bar.removeAttribute("value");
    words.textContent = words.dataset.working;
  });
  request.addEventListener("load", () => show(request.responseText));
  request.addEventListener("error", broken);
  request.addEventListener("abort", broken);
  request.open("POST", form.action);
  const content = new FormData(form);
  bar.hidden = false;
  bar.value = 0;
  words.textContent = words.dataset.sending;
  showing(form, true);
  request.send(content);
};

const begin = () => {
  for (const form of document.querySelectorAll("form[data-progress]")) {
    const field = form.querySelector("input[type=file]");
    for (const name of ["dragenter", "dragover"]) field.addEventListener(name, () => field.classList.add("over"));
    for (const name of ["dragleave", "drop"]) field.addEventListener(name, () => field.classList.remove("over"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(form);
    });
  }
  for (const form of document.querySelectorAll("form[data-waits]")) {
    form.addEventListener("submit", () => showing(form, true));
  }
};

/* A file that is dropped beside the field would take the page's place. */
for (const name of ["dragover", "drop"]) {
  document.addEventListener(name, (event) => {
    if (!(event.target instanceof HTMLInputElement)) event.preventDefault();
  });
}

begin();
