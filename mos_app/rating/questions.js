// Draws consent and questions into a card, and reads what was answered.

const FALLBACKS = {}; // which language stands in for one that the study brought

// Returns the language that a study's own words are shown in: the rater's, the one that stands in for it, or the first
// that there is, because a study need not speak every language of the page.
const languageOf = (words, language) => [language, FALLBACKS[language], ...Object.keys(words)].find((tag) => tag in words);

const inLanguage = (words, language) => words[languageOf(words, language)];

// Returns a fieldset per question; `given` holds the answers and is kept up to date.
function questionFields(questions, language, given, words) {
  return questions.map((question) => {
    const field = document.createElement("fieldset");
    const legend = document.createElement("legend");
    legend.textContent = `${inLanguage(question.text, language)}${question.required ? "" : ` (${words.optional})`}`;
    field.append(legend, ...inputsOf(question, language, given));
    field.dataset.question = question.name;
    return field;
  });
}

function inputsOf(question, language, given) {
  const { name, kind } = question;
  if (kind === "choice" || kind === "scale") return options(question, language).map(([value, text]) => radio(name, value, text, given));
  const input = document.createElement("input");
  input.type = kind === "number" ? "number" : "text";
  input.setAttribute("aria-label", inLanguage(question.text, language));
  if (kind === "number") Object.assign(input, { min: question.minimum, max: question.maximum, step: "any" });
  else input.maxLength = 500;
  input.required = question.required;
  input.value = given[name] ?? "";
  input.addEventListener("input", () => {
    given[name] = kind === "number" && input.value !== "" ? input.valueAsNumber : input.value;
  });
  return [input];
}

function options(question, language) {
  const labels = Object.keys(question.labels).length ? inLanguage(question.labels, language) : [];
  if (question.kind === "choice") return question.choices.map((value, index) => [value, labels[index] ?? value]);
  const { minimum, maximum } = question;
  const steps = Array.from({ length: maximum - minimum + 1 }, (_, index) => minimum + index);
  const end = (value) => (value === minimum ? labels[0] : value === maximum ? labels[1] : null);
  return steps.map((value) => [value, end(value) ? `${value} (${end(value)})` : String(value)]);
}

function radio(name, value, text, given) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  Object.assign(input, { type: "radio", name, value, checked: given[name] === value });
  input.addEventListener("change", () => {
    given[name] = value;
  });
  label.append(input, text);
  return label;
}

// Returns the first question whose answer is missing or no answer, or null.
function firstOpen(questions, given) {
  const isOpen = ({ name, kind, required, minimum, maximum }) => {
    const value = given[name];
    if (value === undefined || value === "" || Number.isNaN(value)) return required || Number.isNaN(value);
    return kind === "number" && !(value >= minimum && value <= maximum);
  };
  return questions.find(isOpen) ?? null;
}

// Whether the rater is typing, so that keys are letters and no answers to images.
function isTyping(event) {
  const target = event.composedPath()[0];
  return target instanceof HTMLInputElement && target.type !== "radio";
}
