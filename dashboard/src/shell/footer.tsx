// Where else to go, and how the page is to look.

import { way } from "../api/connection";
import { scheme, setScheme } from "./scheme";

const SCHEMES = ["system", "light", "dark"] as const;

export function Footer() {
  return (
    <footer class="bottom">
      <p>
        <a href="/graphql">GraphQL</a>
        <a href="/api/v1/openapi.json">REST</a>
        <a href="/ready">Readiness</a>
      </p>
      {way.value.by !== "socket" && <p>This network lets no WebSocket through. The page is live over HTTP, a few seconds later.</p>}
      <fieldset class="segments">
        <legend class="unseen">Colours</legend>
        {SCHEMES.map((each) => (
          <label key={each}>
            <input type="radio" name="scheme" checked={scheme.value === each} onChange={() => setScheme(each)} />
            <span>{each}</span>
          </label>
        ))}
      </fieldset>
    </footer>
  );
}
