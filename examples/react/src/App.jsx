import { useState } from "react";
import { login } from "./login.js";
import { api, refresher } from "./session.js";
import { useSession } from "./useSession.js";

export function App() {
  const session = useSession();
  if (session === "unknown") return <p>One moment</p>;
  return session === "signed-in" ? <Notes /> : <Welcome />;
}

function Welcome() {
  return (
    <main>
      <h1>Notes</h1>
      <button onClick={login}>Sign in</button>
    </main>
  );
}

function Notes() {
  const [answer, setAnswer] = useState("");
  async function call() {
    try {
      const response = await refresher.fetch(`${api}/notes`);
      setAnswer(`The API answered ${response.status}`);
    } catch (error) {
      if (!error.loginRequired) setAnswer(`Not now (${error.code ?? error.name}): try again`);
    }
  }
  return (
    <main>
      <h1>Your notes</h1>
      <button onClick={call}>Call the API</button>
      <button onClick={() => refresher.signOut({ revoke: true })}>Sign out</button>
      <p role="status">{answer}</p>
    </main>
  );
}
