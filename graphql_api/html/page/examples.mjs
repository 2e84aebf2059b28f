// The examples of examples.graphql, as a panel of buttons beside the editor.

// Each begins with a comment whose first sentence is its title.
export function readExamples(text) {
  return text
    .split(/^(?=# )/m)
    .filter((each) => each.trim())
    .map((query) => ({ query, title: query.match(/^# ([^.:]+)/)[1] }));
}

export function examplesPlugin(examples, choose) {
  const element = React.createElement;
  const button = ({ query, title }) => element("button", { key: title, onClick: () => choose(query) }, title);
  return {
    title: "Examples",
    icon: () => element("svg", { viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", strokeWidth: 1.5 },
      element("path", { d: "M4 6h16M4 12h16M4 18h10" })),
    content: () => element("div", { className: "lamda-panel" }, element("h2", null, "Examples"), examples.map(button)),
  };
}
