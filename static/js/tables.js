/* A table's head can stick to the page only where nothing is cut off sideways; this tells which. */

const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const wrap = target.closest(".table-wrap");
    wrap?.classList.toggle("is-fitting", target.offsetWidth <= wrap.clientWidth);
  }
});
const watch = (part) => {
  for (const table of part.querySelectorAll(".table-wrap:not(.table-wrap--tall, .table-wrap--scroll) > .table")) sizes.observe(table);
};

document.addEventListener("htmx:load", (event) => watch(event.detail.elt.parentElement ?? document));
watch(document);
