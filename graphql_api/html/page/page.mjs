// GraphiQL with examples to begin with, and a session to ask as somebody: the page at /graphql.

import { accountPlugin } from "/page/account.mjs";
import { examplesPlugin, readExamples } from "/page/examples.mjs";
import { openSession } from "/page/session.mjs";
import { createClient } from "/static/graphql-ws/client.js";

const url = new URL(location.pathname, location.href);
const live = Object.assign(new URL(url), { protocol: url.protocol === "https:" ? "wss:" : "ws:" });

const session = openSession(sessionStorage, () => wsClient.terminate());
const wsClient = createClient({ url: live.href, connectionParams: () => session.connectionParams() });
const fetcher = GraphiQL.createFetcher({ url: url.href, wsClient });
const examples = readExamples(await (await fetch("/page/examples.graphql")).text());

function ask(params, options = {}) {
  return fetcher(params, { ...options, headers: { ...session.headers(), ...options.headers } });
}

function Page() {
  const [query, setQuery] = React.useState();
  const plugins = React.useMemo(() => [examplesPlugin(examples, setQuery), accountPlugin(session, url)], []);
  return React.createElement(GraphiQL, {
    fetcher: ask,
    plugins,
    query,
    onEditQuery: setQuery,
    visiblePlugin: plugins[0],
    defaultTabs: examples.slice(0, 2).map(({ query: text }) => ({ query: text })),
    defaultEditorToolsVisibility: false,
    shouldPersistHeaders: false,
  });
}

ReactDOM.createRoot(document.getElementById("graphiql")).render(React.createElement(Page));
