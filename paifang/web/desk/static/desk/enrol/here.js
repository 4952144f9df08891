// What this browser has on this page right now, found by trying, and the row of the table it is in.
const PROBE = new URL("probe.js", import.meta.url);
const SIGNS = { yes: "#tick", no: "#cross" };

function show(what, has) {
  const state = has ? "yes" : "no";
  const line = document.querySelector(`[data-have="${what}"]`);
  line.dataset.state = state;
  line.querySelector("use").setAttribute("href", SIGNS[state]);
  for (const words of line.querySelectorAll("[data-say]")) {
    words.hidden = words.dataset.say !== state;
  }
}

// Whether a service worker may be installed: with a certificate that was only clicked through the
// interface is there, and every use of it fails. So one is registered, and taken away again.
async function opensOffline() {
  if (!("serviceWorker" in navigator)) return false;
  try {
    const scope = new URL("./", PROBE).pathname;
    const registered = await navigator.serviceWorker.register(PROBE, { scope });
    await registered.unregister();
    return true;
  } catch {
    return false;
  }
}

function levelOf(offline) {
  if (location.protocol !== "https:") return "plain";
  if (!offline) return "warned";
  return document.querySelector("[data-enrol]").dataset.trust === "given" ? "public" : "installed";
}

const offline = await opensOffline();
show("secure", window.isSecureContext);
show("camera", typeof navigator.mediaDevices?.getUserMedia === "function");
show("offline", offline);
if (location.protocol !== "https:" && window.isSecureContext) {
  // On the host itself everything works, which would mislead whoever looks here for a phone.
  document.querySelector("[data-host]").hidden = false;
} else {
  const row = document.querySelector(`[data-level="${levelOf(offline)}"]`);
  row.setAttribute("aria-current", "true");
  row.querySelector(".mine").hidden = false;
}
document.querySelector("[data-enrol]").dataset.checked = "true";
