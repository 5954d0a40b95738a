// One rater's session: shows what the server says is next, takes one answer per image, and never loses it.

const SLOW = 400; // milliseconds after which the page says that it loads
const ACTING_KEYS = new Set(["1", "2", "3", "4", "5", "u", "U", "Backspace", "Enter", " "]);

class Session {
  constructor(page, data) {
    this.page = page;
    this.data = data;
    Object.assign(FALLBACKS, data.fallbacks);
    this.part = (name) => page.querySelector(`.${name}`);
    this.leaving = new AbortController();
    this.state = null; // what the server said last
    this.shown = []; // the images on the stage: {image, caption, width, height}
    this.armed = false; // an answer is taken only while this is true
    this.showings = 0; // how often images came into view
    this.busy = false; // an answer is on its way
    this.lesson = null; // the answer to a practice image, until it has been read
    this.given = {}; // answers to the questions of a card, until they are sent
    this.turns = null; // images that take turns in one place
    this.test = null; // the test of the screening on the card
    this.card = null; // what covers the stage: {name, onProceed, values}
    this.clock = new Clock();
    this.holding = new Holding(this.leaving.signal);
    this.language = this.firstLanguage();
    this.rest = new Rest(this.part("card-rest"), (name, values) => this.say(name, values));
  }

  start() {
    const { signal } = this.leaving;
    document.addEventListener("keydown", (event) => this.onKey(event), { capture: true, signal });
    document.addEventListener("visibilitychange", () => this.clock.follow(document.hidden), { signal });
    this.part("proceed").addEventListener("click", () => this.proceed());
    this.part("second").addEventListener("click", () => this.card?.onSecond?.());
    this.part("withdraw").addEventListener("click", () => this.askWithdrawal());
    this.part("card-form").addEventListener("submit", (event) => {
      event.preventDefault(); // Enter in a field
      this.proceed();
    });
    this.part("fullscreen").addEventListener("click", () => toggleFullscreen());
    this.part("learned").addEventListener("click", () => this.learned());
    this.part("card-undo").addEventListener("click", () => this.undo());
    this.part("undo").addEventListener("click", () => this.undo());
    window.addEventListener("pagehide", () => this.leaving.abort(), { signal });
    window.addEventListener("pageshow", (event) => event.persisted && location.reload()); // what was under way has ended
    window.addEventListener("hashchange", () => this.open(), { signal });
    onViewChange(() => this.onView());
    this.translate();
    this.open();
  }

  open() {
    // An open link that lets nobody in leads here; the server puts the reason behind the address.
    const reason = location.hash.slice(1);
    if (!HOME) this.showCard(["full", "no_participant"].includes(reason) ? reason : "no_link");
    else if (mustAsk(RATER)) this.askWho();
    else this.begin();
  }

  // Two raters may take turns at one computer; each of them has a link.
  askWho() {
    this.showCard("who", () => this.begin(), { other: readStored(RATER_KEY) }, () => this.showCard("stranger"));
  }

  begin() {
    for (const storage of ["localStorage", "sessionStorage"]) writeStored(RATER_KEY, RATER, storage);
    return this.load({ opening: true });
  }

  // ---- words -------------------------------------------------------------------------------------------------

  firstLanguage() {
    const known = Object.keys(this.data.languages);
    const asked = navigator.languages.map((tag) => tag.split("-")[0]);
    const wanted = [readStored(LANGUAGE_KEY), ...asked, this.data.language];
    return wanted.find((tag) => known.includes(tag)) || known[0];
  }

  say(name, values = {}) {
    const text = this.data.languages[this.language][name] ?? name;
    return text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
  }

  translate() {
    document.documentElement.lang = this.language;
    const languages = this.part("languages");
    languages.setAttribute("aria-label", this.say("language"));
    languages.replaceChildren(
      ...Object.keys(this.data.languages).map((tag) => {
        const button = makeButton(this.data.languages[tag].name, () => this.speak(tag));
        button.lang = tag;
        button.setAttribute("aria-pressed", String(tag === this.language));
        return button;
      }),
    );
    this.drawPanel();
    if (this.card) this.drawCard();
  }

  speak(tag) {
    this.language = tag;
    writeStored(LANGUAGE_KEY, tag);
    this.translate();
    this.part("languages").querySelector('[aria-pressed="true"]').focus();
  }

  // ---- what comes next ---------------------------------------------------------------------------------------

  async ask(action, body) {
    return ask(action, body, {
      signal: this.leaving.signal,
      onTrouble: (trouble) => {
        const line = this.part("trouble");
        line.hidden = !trouble;
        line.textContent = trouble ? this.say("trouble") : "";
      },
    });
  }

  async load({ opening = false } = {}) {
    try {
      let state = await this.ask("next", {});
      if (opening) {
        this.state = state;
        this.drawPanel(); // what it leaves is the room for images, which the server is told
        state = await this.ask("arrive", this.device());
      }
      if (opening && state.pictures) this.greet(state);
      else this.enter(state);
    } catch (error) {
      this.fail(error);
    }
  }

  async step(action, body) {
    this.busy = true;
    this.disarm();
    try {
      const answer = await this.ask(action, body);
      this.busy = false;
      return answer;
    } catch (error) {
      this.busy = false;
      this.fail(error);
      return null;
    }
  }

  fail(error) {
    if (this.leaving.signal.aborted) return;
    this.disarm();
    // The trial was rated from another tab, or the organiser paused the study: the server knows what is next.
    if (error instanceof Refusal && error.status === 409) this.load();
    else if (error instanceof Refusal && error.status === 401) this.showCard("no_link");
    else this.showCard("broken", () => this.load());
  }

  greet(state) {
    this.state = state;
    this.holding.fetchAhead(state.ahead);
    this.showCard("welcome_back", () => this.enter(state));
  }

  enter(state) {
    this.state = state;
    this.disarm();
    this.clearStage();
    if (state.pictures) return this.present(state);
    this.holding.fetchAhead(state.ahead);
    this.showScreen(state);
  }

  showScreen(state) {
    if (state.screening) return this.screen(state);
    if (state.sizes) return this.welcome();
    if (state.consent) return this.askConsent();
    if (state.questions) return this.showCard(cardName(state), () => this.reply());
    const onProceed = state.can_proceed ? () => this.leave(state) : state.screen === "paused" ? () => this.load() : null;
    this.showCard(cardName(state), onProceed);
  }

  askConsent() {
    const answer = async (agrees) => {
      const language = languageOf(this.state.consent, this.language);
      const next = await this.step("agree", { agrees, language });
      if (next && agrees) this.load({ opening: true }); // only now may the server know of the device
      else if (next) this.enter(next);
    };
    this.showCard("consent", () => answer(true), {}, () => answer(false));
  }

  async reply() {
    const { questions, screen } = this.state;
    const open = firstOpen(questions, this.given);
    this.part("card-missing").hidden = !open;
    if (open) {
      const text = inLanguage(open.text, this.language);
      const range = { question: text, minimum: open.minimum, maximum: open.maximum };
      this.part("card-missing").textContent = this.say(open.kind === "number" ? "missing_number" : "missing", range);
      this.part("card-form").querySelector(`[data-question="${open.name}"] input`).focus();
      return;
    }
    const next = await this.step("reply", { screen, replies: this.given });
    if (!next) return;
    this.given = {};
    this.enter(next);
  }

  // A test before the first image: its answers go to the server, which says what is next.
  screen(state) {
    const onDone = async (answers, measured) => {
      const { test, attempt } = state.screening;
      const next = await this.step("screen", { test, attempt, answers, measured });
      if (next) this.enter(next);
    };
    this.test = new ScreeningTest(state, { say: (name, values) => this.say(name, values), onDone });
    this.card = null; // a second attempt has the title of the first, and is another card
    this.showCard(cardName(state));
  }

  askWithdrawal() {
    const state = this.state;
    const withdraw = async () => {
      const next = await this.step("withdraw", { sure: true });
      if (next) this.enter(next);
    };
    this.showCard("withdraw", withdraw, {}, () => this.enter(state));
  }

  async leave(state) {
    const here = state.sizes ? this.device() : {};
    const next = await this.step("proceed", { screen: state.screen, ...here });
    if (next) this.enter(next);
  }

  // Whether the study can be taken on this device is said before the first image, and again whenever the window changes.
  welcome() {
    const state = this.state;
    this.drawPanel();
    const obstacle = obstacleTo(state, this.room(), deviceClass());
    const begins = !obstacle || obstacle.reason === "left_out";
    this.showCard(cardName(state), begins ? () => this.leave(state) : null, { obstacle });
  }

  onView() {
    if (this.isTesting()) this.test.onView();
    if (this.state?.sizes) this.welcome();
    else this.layOut();
  }

  room() {
    return roomFor(this.part("stage"), this.state?.beside ?? 1, this.state?.captions ?? false);
  }

  device() {
    const { width, height } = this.room();
    return {
      device: deviceClass(),
      pixel_ratio: window.devicePixelRatio,
      screen_width: Math.round(window.screen.width),
      screen_height: Math.round(window.screen.height),
      window_width: Math.round(window.innerWidth),
      window_height: Math.round(window.innerHeight),
      room_width: width,
      room_height: height,
      browser: navigator.userAgent.replace(/[^\x20-\x7e]/g, "?").slice(0, 300),
      language: this.language,
      utc_offset: -new Date().getTimezoneOffset(),
    };
  }

  async present(state) {
    this.hideCard();
    this.drawPanel();
    const slow = setTimeout(() => this.drawLoading(true), SLOW);
    try {
      const images = await Promise.all(state.pictures.map((picture) => this.holding.image(picture)));
      if (state !== this.state) return;
      this.holding.fetchAhead(state.ahead); // not before: the picture that is due has the whole link
      this.fillStage(state, images);
      this.layOut();
    } catch {
      if (state !== this.state || this.leaving.signal.aborted) return;
      await pause(LONGEST_WAIT / 4);
      this.load(); // an address serves once and not for ever: ask for a new one
    } finally {
      clearTimeout(slow);
      this.drawLoading(false);
    }
  }

  drawLoading(isLoading) {
    this.part("loading").textContent = isLoading ? this.say("loading") : "";
    this.part("loading").hidden = !isLoading;
  }

  // ---- the stage ---------------------------------------------------------------------------------------------

  clearStage() {
    this.shown = [];
    const stage = this.part("stage");
    this.turns?.stop();
    this.turns = null;
    stage.classList.remove("shown");
    stage.removeAttribute("role"); // an image without an image is a riddle to a screen reader
    stage.removeAttribute("aria-label");
    stage.replaceChildren();
  }

  fillStage(state, images) {
    this.shown = images.map((image, index) => {
      const { width, height, caption } = state.pictures[index];
      return { image, width, height, caption: caption ? makeCaption(this.say(caption)) : null };
    });
    const nodes = this.shown.flatMap((one) => (one.caption ? [one.image, one.caption] : [one.image]));
    if (state.trap) nodes.push(trapNote(this.trapText()));
    const stage = this.part("stage");
    stage.replaceChildren(...nodes);
    stage.setAttribute("role", "img");
    this.nameStage();
    if (state.turn_seconds) this.turns = new Turns(stage, this.shown, state);
  }

  trapText() {
    const { trap } = this.state;
    return trap ? this.say("trap", { answer: `${trap} (${this.label(trap)})` }) : "";
  }

  async layOut() {
    if (!this.shown.length) return;
    const stage = this.part("stage");
    const obstacle = (this.turns ? placeByTurns : placeExactly)(stage, this.shown);
    stage.classList.toggle("shown", !obstacle);
    if (obstacle) {
      this.showings += 1; // whoever waits to arm must wait anew once the image is back
      this.disarm();
      this.showCard(`view_${obstacle.reason}`, null, obstacle);
      return;
    }
    if (this.card && this.card.name.startsWith("view_")) this.hideCard();
    if (this.armed || this.busy || this.card || this.lesson) return;
    await this.arm(this.state, ++this.showings);
  }

  async arm(state, showing) {
    await painted();
    const seen = this.turns ? await this.turns.begin(state.min_seconds) : state.min_seconds;
    if (!this.turns) await pause(state.min_seconds * 1000);
    if (state !== this.state || showing !== this.showings || this.busy || this.armed || this.card) return;
    this.armed = true;
    this.clock.restart(seen);
    this.drawScale();
    this.announce(`${this.say("announce", { position: state.position, total: state.total })} ${this.trapText()}`.trim());
  }

  disarm() {
    this.armed = false;
    this.clock.stop();
    this.drawScale();
  }

  // ---- answers -----------------------------------------------------------------------------------------------

  onKey(event) {
    if (event.repeat && ACTING_KEYS.has(event.key) && !isTyping(event)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event)) return;
    if (this.isTesting() && this.test.onKey(event.key)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    const score = !this.card && this.state?.scale?.find((one) => String(one) === event.key);
    if (score) this.rate(score);
    else if (event.key === "u" || event.key === "U" || event.key === "Backspace") this.undo();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  async rate(score) {
    if (!this.armed || this.busy) return;
    const { trial, revision } = this.state;
    const seconds = this.clock.seconds();
    this.press(score);
    const answer = await this.step("rate", { trial, revision, score, seconds });
    if (answer && answer.feedback) this.teach(answer);
    else if (answer) this.enter(answer.next);
  }

  async undo() {
    // A card that the server did not send, such as feedback, must be read first.
    const covered = this.lesson || this.card && this.card.name !== cardName(this.state);
    if (this.busy || covered || !this.state || !this.state.can_undo) return;
    const state = await this.step("undo", {});
    if (state) this.enter(state);
  }

  // The image stays in view while the rater learns what images like it count.
  teach(answer) {
    this.lesson = answer;
    this.drawPanel();
    this.press(answer.feedback.expected);
    this.part("learned").focus();
    this.announce(this.part("question-text").textContent);
  }

  learned() {
    if (!this.lesson) return; // a hidden button can still be pressed by a program, or by a key that was held
    const { next } = this.lesson;
    this.lesson = null;
    this.enter(next);
  }

  // ---- drawing -----------------------------------------------------------------------------------------------

  isTesting() {
    return Boolean(this.test && this.state?.screening && this.card?.name === cardName(this.state) && !this.busy);
  }

  question() {
    // At the welcome nobody sees the panel: it is measured there, with the longer of its usual texts.
    if (this.state.sizes) return longest(this.say("question_revising"), this.say(`question_${this.state.labels}`));
    if (!this.lesson) return this.say(this.state.revision ? "question_revising" : `question_${this.state.labels}`);
    const { right, given, expected } = this.lesson.feedback;
    const named = (score) => `${score} (${this.label(score)})`;
    return this.say(right ? "feedback_right" : "feedback_wrong", { given: named(given), expected: named(expected) });
  }

  label(score) {
    return this.say(`${this.state.labels}_${score}`);
  }

  drawPanel() {
    const state = this.state;
    const panel = this.part("panel");
    panel.hidden = !(state && state.scale);
    panel.inert = panel.hidden || !state.pictures; // behind a card nothing can be reached with the Tab key
    if (panel.hidden) return;
    const practising = state.screen === "calibration";
    this.part("question-text").textContent = this.question();
    const leaves = !this.lesson && document.activeElement === this.part("learned");
    this.part("learned").hidden = !this.lesson;
    if (leaves) this.focusScale();
    this.part("learned").textContent = this.say("learned");
    this.part("scale").setAttribute("aria-label", this.say("scale"));
    this.drawButtons();
    this.drawScale();

    const undo = this.part("undo");
    undo.textContent = this.say("undo");
    undo.setAttribute("aria-disabled", String(!state.can_undo));
    undo.setAttribute("aria-keyshortcuts", "U Backspace");
    const progress = this.part("progress");
    const values = { done: state.done, total: state.total, minutes: state.minutes_left };
    progress.setAttribute("aria-label", this.say("progress"));
    progress.setAttribute("aria-valuemax", state.total);
    progress.setAttribute("aria-valuenow", state.done);
    progress.setAttribute("aria-valuetext", this.say("remaining", values));
    this.part("progress-bar").style.width = `${(100 * state.done) / state.total}%`;
    this.part("remaining").textContent = this.say(practising ? "practice_remaining" : "remaining", values);
    this.part("who").textContent = this.say("rater", { name: RATER });
    if (this.shown.length) this.nameStage();
  }

  nameStage() {
    const { position, total } = this.state;
    this.part("stage").setAttribute("aria-label", this.say("image", { position, total }));
  }

  // The buttons stay where they are as long as they say the same: whoever rates with them keeps the place.
  drawButtons() {
    const { scale } = this.state;
    const words = scale.map((score) => this.label(score));
    const said = JSON.stringify([scale, words]);
    if (this.part("scale").dataset.said === said) return this.press(null);
    this.part("scale").dataset.said = said;
    this.part("scale").replaceChildren(...scale.map((score, index) => this.scaleButton(score, words[index])));
  }

  scaleButton(score, label) {
    const button = makeButton("", () => this.rate(score));
    const number = document.createElement("b");
    number.textContent = score;
    const word = document.createElement("span");
    word.textContent = label;
    button.append(number, word);
    button.dataset.score = score;
    button.setAttribute("aria-keyshortcuts", String(score));
    return button;
  }

  drawScale() {
    this.page.dataset.armed = String(this.armed);
    for (const button of this.part("scale").children) {
      button.setAttribute("aria-disabled", String(!this.armed));
      if (this.armed) button.setAttribute("aria-pressed", "false");
    }
  }

  press(score) {
    for (const button of this.part("scale").children) {
      button.setAttribute("aria-pressed", String(button.dataset.score === String(score)));
    }
  }

  showCard(name, onProceed = null, values = {}, onSecond = null) {
    const same = this.card && this.card.name === name;
    this.card = { name, onProceed, values, onSecond };
    this.drawCard();
    if (!same) this.part("card-title").focus();
  }

  drawCard() {
    const { name, onProceed, values, onSecond } = this.card;
    const state = this.state || {};
    const all = { ...state, name: RATER, ...values };
    this.page.dataset.screen = name;
    this.part("card").hidden = false;
    this.part("card-title").textContent = this.say(`${name}_title`, all);
    const practice = name === "welcome" && state.practice ? this.say("welcome_practice") : "";
    const obstacle = values.obstacle ? this.say(`fit_${values.obstacle.reason}`, values.obstacle) : "";
    const studys = name === "consent" ? inLanguage(state.consent, this.language) : practice;
    this.part("card-text").replaceChildren(...paragraphs(`${this.say(`${name}_text`, all)}\n\n${studys}`));
    this.rest.show(name === "break" ? state.break_minutes : 0);
    this.part("card-warning").hidden = !obstacle;
    this.part("card-warning").replaceChildren(...paragraphs(obstacle));
    const asks = state.questions && name === cardName(state) ? state.questions : [];
    const testing = this.isTesting();
    const fields = testing ? [this.test.draw()] : questionFields(asks, this.language, this.given, { optional: this.say("optional") });
    this.part("card-form").hidden = !fields.length;
    this.part("card-form").replaceChildren(...fields);
    this.part("card-missing").hidden = true;
    this.part("second").hidden = !onSecond;
    this.part("second").textContent = onSecond ? this.say(`${name}_second`) : "";
    this.part("withdraw").hidden = !state.can_withdraw || name !== cardName(state);
    this.part("withdraw").textContent = this.say("withdraw_link");
    this.drawCode(name === cardName(state) && !onProceed ? state.code : "");
    this.part("panel").inert = true;
    this.part("card-who").hidden = !RATER;
    this.part("card-who").textContent = this.say("rater", { name: RATER });
    this.part("proceed").hidden = !onProceed;
    this.part("proceed").textContent = this.say(`${name}_proceed`);
    this.part("card-undo").hidden = !state.can_undo || name !== cardName(state);
    this.part("card-undo").textContent = this.say("card_undo");
    this.part("fullscreen").hidden = !document.fullscreenEnabled || !(state.can_proceed || name.startsWith("view_"));
    this.part("fullscreen").textContent = this.say(document.fullscreenElement ? "fullscreen_off" : "fullscreen_on");
  }

  // A panel that sent the rater wants a code, or wants the rater back at an address of its own.
  drawCode(code) {
    const line = this.part("card-code");
    line.hidden = !code;
    if (!code) return;
    const address = returnAddress(code);
    line.replaceChildren(...paragraphs(this.say(address ? "return_text" : "code_text")));
    if (address) line.append(Object.assign(document.createElement("a"), { href: address, textContent: this.say("return_link") }));
    else line.append(Object.assign(document.createElement("output"), { textContent: code }));
  }

  hideCard() {
    const hadFocus = this.part("card").contains(document.activeElement);
    this.card = null;
    this.rest.show(0);
    this.part("panel").inert = false;
    this.page.dataset.screen = this.state ? this.state.screen : "loading";
    this.part("card").hidden = true;
    if (hadFocus) this.focusScale();
  }

  // What had the focus is gone: the next Tab leads to the first answer, and not out of the page.
  focusScale() {
    this.part("scale").focus({ preventScroll: true });
  }

  proceed() {
    const { onProceed } = this.card || {};
    if (!onProceed || this.busy) return;
    onProceed();
  }

  announce(text) {
    this.part("announce").textContent = text;
  }
}

// Screens are named by the server with hyphens; keys of the language files have none.
const cardName = (state) => (state.screen || "").replaceAll("-", "_");

const longest = (...texts) => texts.reduce((a, b) => (b.length > a.length ? b : a));

new Session(document.querySelector(".page"), JSON.parse(document.getElementById("data").textContent)).start();
