// Tables that sort by a click on a heading; a click on a row goes to its event.
function table(box, columns, rows, go) {
  let order = null;
  const body = element("tbody");
  const fill = () => {
    body.replaceChildren();
    for (const row of rows) {
      const line = element("tr", { class: go ? "go" : "", onclick: () => go && go(row) });
      for (const column of columns) {
        const shown = column.show ? column.show(row) : row[column.at];
        line.append(element("td", { class: column.number ? "n" : "" }, shown instanceof Node ? shown : String(shown ?? "")));
      }
      body.append(line);
    }
  };
  const head = element("tr");
  for (const column of columns) {
    head.append(element("th", { class: column.number ? "n" : "", onclick: () => {
      const down = order === column ? (order = null, -1) : (order = column, 1);
      const value = column.sort || ((row) => row[column.at]);
      rows.sort((a, b) => (value(a) ?? -Infinity) < (value(b) ?? -Infinity) ? -down : (value(a) ?? -Infinity) > (value(b) ?? -Infinity) ? down : 0);
      fill();
    } }, column.name));
  }
  fill();
  box.replaceChildren(element("table", {}, element("thead", {}, head), body));
}

function outcomeOf(outcome, error) {
  const tone = { ok: "good", rejected: "odd" }[outcome] || "bad";
  return element("span", { class: tone }, error ? `${outcome} (${error})` : outcome);
}
