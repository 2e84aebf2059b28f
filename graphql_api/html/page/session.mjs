// The session that the page asks with: a token, kept for as long as the tab is open.

const KEY = "lamda-session";

export function openSession(storage, onChange) {
  let token = storage.getItem(KEY) ?? "";
  return {
    get token() {
      return token;
    },
    set token(given) {
      token = given.trim();
      token ? storage.setItem(KEY, token) : storage.removeItem(KEY);
      onChange();
    },
    headers: () => (token ? { Authorization: `Bearer ${token}` } : {}),
    connectionParams: () => (token ? { authorization: `Bearer ${token}` } : {}),
  };
}
