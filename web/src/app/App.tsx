/** Theme, cache and words around everything. */

import { createDOMRenderer, FluentProvider, RendererProvider, Toaster } from "@fluentui/react-components";
import { QueryClientProvider } from "@tanstack/react-query";
import { useLayoutEffect, useState } from "react";
import { RouterProvider } from "react-router/dom";
import { queryClient } from "../api/queries";
import { THEMES, useAppearance } from "../ui/theme";
import { router } from "./routes";

/** The server lets only style elements in that carry the number it wrote into the page. */
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce;
const renderer = createDOMRenderer(document, { styleElementAttributes: nonce ? { nonce } : {} });

/** Whoever announces something in passing does it here: `useToastController(TOASTS)`. */
export const TOASTS = "toasts";
/** Nothing of it can be pressed, so the keyboard passes it by: once there, Tab would not lead out of it again. */
export const PASSED_BY = { root: { tabIndex: -1 } };

export function App() {
    const [cache] = useState(queryClient);
    const appearance = useAppearance();
    const ground = THEMES[appearance].colorNeutralBackground2;
    // What the browser draws by itself, such as calendars and the room of a scrollbar, follows a choice made here, too.
    useLayoutEffect(() => {
        document.documentElement.style.colorScheme = appearance === "light" ? "light" : "dark";
        document.body.style.backgroundColor = ground;
    }, [appearance, ground]);
    return (
        <RendererProvider renderer={renderer}>
            <FluentProvider theme={THEMES[appearance]} style={{ minHeight: "100vh", backgroundColor: ground }}>
                <QueryClientProvider client={cache}>
                    <RouterProvider router={router} />
                    <Toaster toasterId={TOASTS} position="bottom-end" />
                </QueryClientProvider>
            </FluentProvider>
        </RendererProvider>
    );
}
