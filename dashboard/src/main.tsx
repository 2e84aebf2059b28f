import "./style/tokens.css";
import "./style/ground.css";
import "./style/shell.css";
import "./style/controls.css";
import "./style/parts.css";
import "./style/charts.css";
import "./style/views.css";
import "./style/job.css";

import { Provider } from "@urql/preact";
import { render } from "preact";

import { client } from "./api/client";
import { learnWho } from "./api/session";
import { App } from "./app";

void learnWho();
render(
  <Provider value={client}>
    <App />
  </Provider>,
  document.getElementById("app")!,
);
