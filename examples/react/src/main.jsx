import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App.jsx";
import { finishLogin } from "./login.js";

// Outside components: a code is good for one use, and StrictMode runs effects twice.
await finishLogin().catch((error) => console.error("The login failed:", error.message));
createRoot(document.getElementById("app")).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
