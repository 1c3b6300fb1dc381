/** Every address of the page. The large parts are loaded when they are first opened. */

import { createBrowserRouter, Navigate, Outlet } from "react-router";
import { Session, SignedIn } from "../session/Session";
import { Loading } from "../ui/Loading";
import { Crashed, NotFound } from "./Astray";
import { Shell } from "./Shell";

/** The pages that need somebody. */
function Inside() {
    return (
        <Session>
            <Outlet />
        </Session>
    );
}

export const router = createBrowserRouter([
    { path: "/signed-in", element: <SignedIn /> },
    {
        element: <Inside />,
        hydrateFallbackElement: <Loading />,
        errorElement: <Crashed />,
        children: [
            {
                element: <Shell />,
                children: [
                    {
                        errorElement: <Crashed />,
                        children: [
                            { path: "/", element: <Navigate to="/broadcasts" replace /> },
                            {
                                path: "/broadcasts",
                                lazy: async () => ({
                                    Component: (await import("../pages/broadcasts/Broadcasts")).Broadcasts,
                                }),
                            },
                            {
                                path: "/broadcasts/:id/:part?",
                                lazy: async () => ({
                                    Component: (await import("../pages/broadcast/Broadcast")).Broadcast,
                                }),
                            },
                            {
                                path: "/administration/:part?",
                                lazy: async () => ({
                                    Component: (await import("../pages/administration/Administration")).Administration,
                                }),
                            },
                            { path: "*", element: <NotFound /> },
                        ],
                    },
                ],
            },
        ],
    },
]);
