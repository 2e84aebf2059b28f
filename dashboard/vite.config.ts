import preact from "@preact/preset-vite";
import { defineConfig } from "vite";

// The API serves what is built here; in development the page comes from Vite, and the API from where `lamda up` has it.
export default defineConfig({
  root: import.meta.dirname,
  base: "/static/dashboard/",
  plugins: [preact()],
  build: {
    outDir: "../graphql_api/static/dashboard",
    emptyOutDir: true,
    target: "es2022",
    // A font or picture inside of a style sheet would be one that the page's policy forbids.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      "/graphql": { target: "http://127.0.0.1:8080", ws: true },
      "/api": "http://127.0.0.1:8080",
    },
  },
});
