// A panel that says who asks, and lets them sign in with their wallet, paste a token, or sign out.

import { signIn } from "/page/sign_in.mjs";
import { keccak_256 } from "/static/noble-hashes/sha3.js";

const ME = "{ me { address isAdmin } }";
const SIGN_OUT = "mutation { signOut }";

export function accountPlugin(session, url) {
  const element = React.createElement;

  async function ask(query, variables) {
    const headers = { "Content-Type": "application/json", ...session.headers() };
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
    const { data, errors } = await response.json();
    if (errors) throw new Error(errors[0].message);
    return data;
  }

  function Panel() {
    const [me, setMe] = React.useState(null);
    const [trouble, setTrouble] = React.useState("");

    const attempt = (act) => async () => {
      setTrouble("");
      try {
        await act();
        setMe((await ask(ME)).me);
      } catch (error) {
        setTrouble(error.message);
      }
    };
    const enter = attempt(async () => {
      if (!window.ethereum) throw new Error("This browser has no wallet (window.ethereum): paste a token instead.");
      const site = { domain: location.host, uri: location.origin };
      session.token = (await signIn({ wallet: window.ethereum, ask, site, keccak256: keccak_256 })).token;
    });
    const leave = attempt(async () => {
      await ask(SIGN_OUT);
      session.token = "";
    });
    const paste = (event) => attempt(async () => (session.token = event.target.value))();
    React.useEffect(() => void attempt(async () => {})(), []);

    return element("div", { className: "lamda-panel" },
      element("h2", null, "Session"),
      element("p", null, me ? `Signed in as ${me.address}${me.isAdmin ? ", an admin" : ""}.` : "Nobody is signed in."),
      element("button", { onClick: me ? leave : enter }, me ? "Sign out" : "Sign in with a wallet"),
      element("label", null, "Token of a session",
        element("input", { type: "password", defaultValue: session.token, onChange: paste, autoComplete: "off" })),
      trouble && element("p", { className: "trouble", role: "alert" }, trouble));
  }

  return {
    title: "Session",
    icon: () => element("svg", { viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", strokeWidth: 1.5 },
      element("circle", { cx: 12, cy: 8, r: 4 }), element("path", { d: "M4 20c1-4 4-6 8-6s7 2 8 6" })),
    content: () => element(Panel),
  };
}
