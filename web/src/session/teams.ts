/** Within Teams: its theme, its language and its token. Loaded only there, since the library looks around when it is. */

import { proveByTokens } from "../api/client";
import { Unproven } from "../api/problem";
import { appearAsTeams } from "../ui/theme";
import { speakAsTeams } from "../words";

export const isFramed = window.parent !== window;

/** Resolves once Teams has answered; outside Teams, in any other frame, after a moment without it. */
export async function joinTeams(): Promise<boolean> {
    if (!isFramed) return false;
    const { app, authentication } = await import("@microsoft/teams-js");
    const late = new Promise<never>((_, refuse) => setTimeout(() => refuse(new Error("not within Teams")), 5_000));
    try {
        await Promise.race([app.initialize(), late]);
    } catch {
        return false;
    }
    const context = await app.getContext();
    appearAsTeams(context.app.theme);
    app.registerOnThemeChangeHandler(appearAsTeams);
    speakAsTeams(context.app.locale);
    proveByTokens(() =>
        authentication.getAuthToken().catch((error: unknown) => {
            throw new Unproven(error instanceof Error ? error.message : String(error));
        }),
    );
    app.notifySuccess();
    return true;
}
