import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { joinTeams } from "./session/teams";
import { keepFocus } from "./ui/keptFocus";
import { startWords } from "./words";
import "./main.css";

startWords();
keepFocus();
await joinTeams();

const root = document.getElementById("root");
if (root) {
    createRoot(root).render(
        <StrictMode>
            <App />
        </StrictMode>,
    );
}
