// Draws every [data-chart] with the figure from its json_script, in the colours of the current theme.
"use strict";
(() => {
  const token = (() => {
    // light-dark() is resolved only on a real property, so read each token through one.
    const probe = document.createElement("span");
    probe.hidden = true;
    return (name) => {
      if (!probe.isConnected) document.body.append(probe);
      probe.style.color = `var(${name})`;
      return getComputedStyle(probe).color;
    };
  })();

  // A figure names colours by token ("--series-1"); everything else is Plotly's own vocabulary.
  const coloured = (value) => {
    if (typeof value === "string" && value.startsWith("--")) return token(value);
    if (Array.isArray(value)) return value.map(coloured);
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, coloured(inner)]));
    }
    return value;
  };

  const axis = (own) => ({
    gridcolor: token("--chart-grid"), linecolor: token("--line-2"), zerolinecolor: token("--line-2"),
    tickfont: { color: token("--ink-2") }, automargin: true, ...own,
    title: { font: { color: token("--ink-2"), size: 12 }, standoff: 8, ...(own && own.title) },
  });

  const themed = (layout) => {
    const body = getComputedStyle(document.body);
    const own = coloured(layout);
    return {
      margin: { l: 48, r: 16, t: 16, b: 44 }, hovermode: "closest", dragmode: false, ...own,
      paper_bgcolor: token("--surface"), plot_bgcolor: token("--surface"),
      font: { family: body.fontFamily, size: 12, color: token("--ink-2") },
      hoverlabel: { bgcolor: token("--ink"), bordercolor: token("--ink"), font: { family: body.fontFamily, size: 12, color: token("--page") } },
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, font: { color: token("--ink-2") }, ...own.legend },
      xaxis: axis(own.xaxis), yaxis: axis(own.yaxis),
    };
  };

  const draw = (place) => {
    const source = document.getElementById(place.dataset.chart);
    if (!source || !window.Plotly) return;
    const figure = JSON.parse(source.textContent);
    place.querySelector(".chart-wait")?.remove();
    Plotly.react(place, coloured(figure.data), themed(figure.layout), { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false });
    if (place.dataset.follows) return;
    place.dataset.follows = "on";
    // A point whose customdata is an address of this site leads there; the table beside the chart has the same links.
    place.on("plotly_click", (event) => {
      const address = event.points[0] && event.points[0].customdata;
      if (typeof address === "string" && /^\/[^/\\]/.test(address)) location.assign(address);
    });
  };

  const drawAll = () => document.querySelectorAll("[data-chart]").forEach(draw);
  drawAll();
  document.addEventListener("themechange", drawAll);
  document.addEventListener("htmx:load", drawAll);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
})();
