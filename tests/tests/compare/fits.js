// What is wrong with the first page of a report, told to the page around it: things off screen or over each other, and
// colours that are too faint.
const main = document.querySelector("main");
document.querySelectorAll("details").forEach((details) => { details.open = true; });
const end = document.getElementById("s2");
const isFirst = (element) => !end || element.compareDocumentPosition(end) & Node.DOCUMENT_POSITION_FOLLOWING;
const box = (element) => element.getBoundingClientRect();
const shown = [...main.querySelectorAll("*")].filter((element) => isFirst(element) && box(element).width > 0);
const named = (element) => `<${element.localName} class="${element.getAttribute("class") ?? ""}"> ${element.textContent.slice(0, 40)}`;
const problems = [];
for (const element of shown) {
  if (box(element).left < -0.5 || box(element).right > innerWidth + 0.5) problems.push(`off screen: ${named(element)}`);
  if (element.matches(".scroll") && element.scrollWidth > element.clientWidth) problems.push(`scrolls: ${named(element)}`);
}
// Relative luminance and contrast as WCAG defines them.
const light = (color) => {
  const [r, g, b] = color.match(/[\d.]+/g).map((part) => part / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const paper = light(getComputedStyle(document.body).backgroundColor);
const contrast = (color) => (Math.max(light(color), paper) + 0.05) / (Math.min(light(color), paper) + 0.05);
const plots = shown.filter((element) => element.matches("svg.chart"));
for (const plot of plots) {
  const texts = [...plot.querySelectorAll("text")];
  texts.forEach((text, place) => {
    const a = box(text);
    if (a.left < box(plot).left - 1 || a.right > box(plot).right + 1) problems.push(`leaves its plot: ${named(text)}`);
    if (a.height < 9) problems.push(`too small: ${named(text)}`);
    if (contrast(getComputedStyle(text).fill) < 4.5) problems.push(`too faint: ${named(text)}`);
    const marks = [...plot.querySelectorAll(".line, .spot, .ring")];
    for (const other of [...texts.slice(place + 1), ...marks]) {
      const b = box(other);
      const isApart = a.right < b.left + 1 || b.right < a.left + 1 || a.bottom < b.top + 3 || b.bottom < a.top + 3;
      if (!isApart) problems.push(`${named(text)} meets ${other.outerHTML}`);
    }
  });
  for (const mark of plot.querySelectorAll(".line, .spot, .ring")) {
    const style = getComputedStyle(mark);
    if (contrast(style.stroke === "none" ? style.fill : style.stroke) < 3) problems.push(`too faint: ${mark.outerHTML}`);
  }
}
const isDark = matchMedia("(prefers-color-scheme: dark)").matches && paper < 0.1;
parent.postMessage(`${innerWidth} ${isDark ? "dark" : "light"}, ${plots.length} plots: ${problems.join("; ")}`, "*");
