// Talks to the study's server: an answer is repeated until the server says that it is stored.

const FIRST_WAIT = 500; // milliseconds
const LONGEST_WAIT = 8000;

class Refusal extends Error {
  constructor(status, code) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

// A rater's page, and all that it asks for, is below one address; anywhere else nobody is known.
const [HOME, RATER] = location.pathname.match(/^\/rating\/([^/]+)\//) ?? [null, null];

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function once(action, body, signal) {
  const response = await fetch(HOME + action, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    credentials: "same-origin",
    cache: "no-store",
    signal,
  });
  if (response.status === 429 || response.status >= 500) throw new Error(`status ${response.status}`);
  const answer = await response.json();
  if (!response.ok) throw new Refusal(response.status, answer.error);
  return answer;
}

// Repeats with growing, jittered waits as long as the server is away; `onTrouble(true|false)` tells the rater.
async function ask(action, body, { signal, onTrouble }) {
  for (let wait = FIRST_WAIT; ; wait = Math.min(wait * 2, LONGEST_WAIT)) {
    try {
      const answer = await once(action, body, AbortSignal.any([signal, AbortSignal.timeout(15000)]));
      onTrouble(false);
      return answer;
    } catch (error) {
      if (error instanceof Refusal || signal.aborted) throw error;
      onTrouble(true);
      await pause(wait * (0.75 + Math.random() / 2));
    }
  }
}
