// Makes the small pieces that the page is drawn from.

function makeButton(text, onClick) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.addEventListener("click", onClick);
  return button;
}

function makeCaption(text) {
  const caption = document.createElement("div");
  caption.className = "caption";
  caption.textContent = text;
  return caption;
}

// Blank lines part paragraphs; lines that begin with "- " make a list. All of it is text, never markup.
function paragraphs(text) {
  return text
    .trim()
    .split(/\n\s*\n/)
    .map((block) => {
      const lines = block.split("\n").map((line) => line.trim());
      const list = lines.every((line) => line.startsWith("- "));
      const node = document.createElement(list ? "ul" : "p");
      if (!list) node.textContent = lines.join(" ");
      else node.append(...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line.slice(2) })));
      return node;
    });
}
