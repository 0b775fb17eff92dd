// The shell's script: small things that must work at once, then the panel's program.

const root = document.documentElement;
root.dataset.script = "";

// What leptos expects as globals, from the page's blocks of data.
const data = (id) => {
  try {
    return JSON.parse(document.getElementById(id)?.textContent ?? "null");
  } catch {
    return null;
  }
};
globalThis.__RESOLVED_RESOURCES = [];
for (const [id, value] of data("berth-resources") ?? []) globalThis.__RESOLVED_RESOURCES[id] = value;
globalThis.__SERIALIZED_ERRORS = [];
globalThis.__INCOMPLETE_CHUNKS = [];

const showDialog = (id) => {
  const dialog = document.getElementById(id);
  if (!(dialog instanceof HTMLDialogElement) || dialog.open) return false;
  dialog.showModal();
  dialog.querySelector("[autofocus], input:not([type=hidden]), textarea, select")?.focus();
  return true;
};

const copy = async (button) => {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    // Without https there is no clipboard: the old way.
    const area = document.createElement("textarea");
    area.value = button.dataset.copy;
    (button.closest("dialog") ?? document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    button.focus();
  }
  button.classList.add("copied");
  setTimeout(() => button.classList.remove("copied"), 1500);
};

const switchTheme = (button) => {
  const theme = button.value;
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  document.cookie = `berth_theme=${theme}; Path=/; Max-Age=31536000; SameSite=Lax`;
  for (const other of button.form.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === button));
};

// In the capture phase: the panel's router must not see what is handled here.
addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const found = target?.closest("[data-copy], [data-open], [data-close], [data-theme-switch] button");
  for (const menu of document.querySelectorAll("[data-menu][open]")) if (!menu.contains(target)) menu.open = false;
  if (target instanceof HTMLDialogElement && target.open) {
    const box = target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside && event.detail > 0) target.close();
  }
  if (!found) {
    const menu = target?.closest("[data-menu] a")?.closest("[data-menu]");
    if (menu) menu.open = false;
    return;
  }
  if (found.dataset.copy !== undefined) copy(found);
  else if (found.dataset.open !== undefined) { if (!showDialog(found.dataset.open)) return; }
  else if (found.dataset.close !== undefined) {
    document.getElementById(found.dataset.close)?.close();
    if (location.hash === `#${found.dataset.close}`) history.replaceState(history.state, "", location.pathname + location.search);
  } else switchTheme(found);
  event.preventDefault();
  event.stopPropagation();
}, true);

addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const menu of document.querySelectorAll("[data-menu][open]")) { menu.open = false; menu.querySelector("summary")?.focus(); }
  if ((event.key === " ") && event.target instanceof Element && event.target.matches("a[role=button]")) { event.preventDefault(); event.target.click(); }
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  const at = event.target instanceof Element ? event.target : null;
  if (at?.closest("input, textarea, select, [contenteditable]")) return;
  const search = document.querySelector("[data-search]");
  if (search) { event.preventDefault(); search.focus(); search.select(); }
});

// A plain form is sent once.
addEventListener("submit", (event) => {
  const form = event.target;
  if (form instanceof HTMLFormElement && form.dataset.once !== undefined) for (const button of form.querySelectorAll("button[type=submit]")) button.classList.add("busy");
});
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

// What was typed into a form that was refused comes back with the problem. Secrets do not: the browser might keep them.
const TYPED = "berth-typed";
const isOpen = (field) => field.name && !field.matches("[type=hidden], [type=password], [type=file], [data-secret], button");
const target = (form) => [form.getAttribute("action"), ...[...form.querySelectorAll("input[type=hidden]")].map((field) => field.value)].join(" ");
const stateOf = (field) => (field.matches("[type=checkbox], [type=radio]") ? field.checked : field.value);
addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !(form instanceof HTMLFormElement) || form.method !== "post") return;
  const fields = [...form.elements].filter(isOpen).map((field) => [field.name, stateOf(field)]);
  sessionStorage.setItem(TYPED, JSON.stringify({ at: location.pathname, target: target(form), fields }));
});
const restoreTyped = () => {
  const typed = JSON.parse(sessionStorage.getItem(TYPED) ?? "null");
  sessionStorage.removeItem(TYPED);
  const refused = (form) => target(form) === typed.target && form.querySelector("[role=alert]");
  const form = typed?.at === location.pathname && [...document.forms].find(refused);
  if (!form) return;
  const fields = [...form.elements].filter(isOpen);
  typed.fields.forEach(([name, state], at) => {
    if (fields[at]?.name !== name) return;
    if (typeof state === "boolean") fields[at].checked = state;
    else fields[at].value = state;
  });
};
restoreTyped();

// A form whose problem came back by redirect lies in a dialog: show it.
const told = document.querySelector("dialog:not([open]) [role=alert]");
if (told) showDialog(told.closest("dialog").id);
else if (location.hash.length > 1) showDialog(decodeURIComponent(location.hash.slice(1)));

if (root.dataset.still === undefined) {
  const panel = await import("/pkg/berth.js");
  await panel.default({ module_or_path: "/pkg/berth_bg.wasm" });
  panel.hydrate();
}
root.dataset.hydrated = "true";
