"use strict";

const api = document.body.dataset.api;
const status = document.getElementById("status");

function showMessage(text, isError = false) {
  status.textContent = text;
  status.classList.toggle("error", isError);
}

/** Send a request to the API; an error's details become the message. */
async function send(url, options) {
  const response = await fetch(url, options);
  if (!response.ok) {
    const problem = await response.json().catch(() => ({}));
    throw new Error(problem.detail || `${response.status} ${response.statusText}`);
  }
}

/** Fetch this page again and show its notes, so that only the server has to know how notes look. */
async function refresh() {
  const response = await fetch(location.href);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  document.getElementById("notes").replaceWith(page.getElementById("notes"));
}

async function attempt(action, done) {
  try {
    await action();
    await refresh();
    showMessage(done);
  } catch (error) {
    showMessage(error.message, true);
  }
}

document.getElementById("add").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const note = JSON.stringify(Object.fromEntries(new FormData(form)));
  const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: note };
  attempt(async () => {
    await send(api, options);
    form.reset();
    form.elements.title.focus();
  }, "The note was added.");
});

document.addEventListener("click", (event) => {
  const url = event.target.dataset.delete;
  if (url) {
    attempt(() => send(url, { method: "DELETE" }), "The note was deleted.")
      .then(() => document.getElementById("notes-heading").focus());
  }
});
