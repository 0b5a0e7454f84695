"use strict";
// Every table with more than one row sorts by a click on a column's name, again the other way round.
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const rows = [...body.rows];
  if (rows.length < 2) continue;
  const text = (row, column) => {
    const cell = row.cells[column].cloneNode(true);
    cell.querySelectorAll("small").forEach((note) => note.remove());
    return cell.textContent.trim();
  };
  const number = (words) => {
    const plain = words.replaceAll("\u2212", "-").replace(/^\+/, "").replace("\u221e", "Infinity");
    return plain === "" || plain === "\u2013" ? NaN : Number(plain);
  };
  heads.forEach((head, column) => {
    const words = rows.map((row) => text(row, column));
    const numbers = words.map(number);
    const isNumeric = words.every((word, place) => word === "\u2013" || !Number.isNaN(numbers[place]));
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const before = head.getAttribute("aria-sort");
      // Words begin at A, numbers at the largest.
      const isUp = before === "none" ? !isNumeric : before === "descending";
      const order = rows.map((_, place) => place);
      order.sort((a, b) => {
        if (!isNumeric) return (isUp ? 1 : -1) * words[a].localeCompare(words[b], "en", { numeric: true });
        // What is undefined stays last, whichever way.
        const missing = Number.isNaN(numbers[a]) - Number.isNaN(numbers[b]);
        if (missing !== 0 || Number.isNaN(numbers[a])) return missing;
        return (isUp ? 1 : -1) * (numbers[a] - numbers[b]);
      });
      heads.forEach((other) => other.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", isUp ? "ascending" : "descending");
      body.append(...order.map((place) => rows[place]));
    });
  });
}
