// Inside Airflow the page follows its switch of light and dark, which an iframe does not see.
try {
  if (window.parent !== window && localStorage.theme) document.documentElement.style.colorScheme = localStorage.theme;
} catch { /* a page from a file has no storage */ }

// Values under the pointer, or under the arrow keys, of every chart that has a row of its table at each place.
for (const figure of document.querySelectorAll("figure[data-places]")) {
  const places = figure.dataset.places.split(" ").map(Number);
  const svg = figure.querySelector("svg"), cursor = figure.querySelector(".cursor"), readout = figure.querySelector("output");
  const table = figure.querySelector("table");
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  let at = -1;
  const show = (row) => {
    at = Math.max(0, Math.min(places.length - 1, row));
    cursor.setAttribute("x1", places[at]); cursor.setAttribute("x2", places[at]); cursor.removeAttribute("visibility");
    const cells = [...table.tBodies[0].rows[at].cells].map((cell) => cell.textContent.trim());
    readout.textContent = cells.map((text, n) => (n ? heads[n].toLowerCase() + " " + text : text)).join(" · ");
  };
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect(), x = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
    let best = 0;
    places.forEach((place, row) => { if (Math.abs(place - x) < Math.abs(places[best] - x)) best = row; });
    show(best);
  });
  svg.addEventListener("pointerleave", () => { cursor.setAttribute("visibility", "hidden"); readout.textContent = ""; });
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, PageDown: 12, PageUp: -12 }[event.key];
    if (step) { show(at + step); event.preventDefault(); }
  });
}
