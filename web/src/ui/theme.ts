/** Light, dark or high contrast: as Teams says within Teams, as somebody chose, or as the device has it. */

import { type Theme, teamsDarkTheme, teamsHighContrastTheme, teamsLightTheme } from "@fluentui/react-components";
import { useSyncExternalStore } from "react";
import { keepChoice, keptChoice } from "./kept";

export type Appearance = "light" | "dark" | "contrast";
export const THEMES: Record<Appearance, Theme> = {
    light: teamsLightTheme,
    dark: teamsDarkTheme,
    contrast: teamsHighContrastTheme,
};

const KEPT = "stentor.theme";
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const contrast = window.matchMedia("(prefers-contrast: more)");
const listeners = new Set<() => void>();
let ofTeams: Appearance | undefined;
const kept = keptChoice(KEPT);
let wish: Appearance | undefined = kept === "light" || kept === "dark" || kept === "contrast" ? kept : undefined;

const chosen = (): Appearance | undefined => wish;

function now(): Appearance {
    return ofTeams ?? chosen() ?? (contrast.matches ? "contrast" : dark.matches ? "dark" : "light");
}

const tell = () => {
    for (const listener of listeners) listener();
};

/** Chooses one for this machine; `undefined` follows the device. */
export function appear(wanted: Appearance | undefined) {
    wish = wanted;
    keepChoice(KEPT, wanted);
    tell();
}

/** Teams has another theme now. */
export function appearAsTeams(theme: string | undefined) {
    ofTeams = theme === "dark" ? "dark" : theme === "contrast" ? "contrast" : "light";
    tell();
}

function subscribe(listener: () => void) {
    listeners.add(listener);
    for (const query of [dark, contrast]) query.addEventListener("change", listener);
    return () => {
        listeners.delete(listener);
        for (const query of [dark, contrast]) query.removeEventListener("change", listener);
    };
}

/** What it looks like at present. */
export const useAppearance = (): Appearance => useSyncExternalStore(subscribe, now);
/** What was chosen here, if anything. */
export const useChosenAppearance = (): Appearance | undefined => useSyncExternalStore(subscribe, chosen);
