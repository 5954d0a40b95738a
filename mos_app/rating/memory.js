// What the rater's own browser remembers and can do: language, who was here, where to return to, full screen.

const LANGUAGE_KEY = "srbench-language";
const RATER_KEY = "srbench-rater"; // who sat at this computer last

// Returns the address in a code, or null; what the panel calls the rater is known to this browser alone.
function returnAddress(code) {
  if (!code.startsWith("https://")) return null;
  const name = document.cookie.match(/(?:^|; )srbench_participant=([A-Za-z0-9]+)/);
  return code.replace("{id}", name ? name[1] : "");
}

function toggleFullscreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen().catch(() => {});
}

// Whether to ask who is there: another's link was used at this computer last, and this one not yet in this tab.
function mustAsk(rater) {
  const last = readStored(RATER_KEY);
  return last !== null && last !== rater && readStored(RATER_KEY, "sessionStorage") !== rater;
}

// Storage may be forbidden in a private window; the page then forgets the language and who was here, nothing else.
function readStored(key, storage = "localStorage") {
  try {
    return window[storage].getItem(key);
  } catch {
    return null;
  }
}

function writeStored(key, value, storage = "localStorage") {
  try {
    window[storage].setItem(key, value);
  } catch {
    // see readStored
  }
}
