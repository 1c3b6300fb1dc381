import type { ReactNode } from "react";
import { PathLink } from "../../../ui/PathLink";
import type { Part } from "../DraftPage";
import { useDraft } from "../draft";

/** To another step of the open draft. */
export function StepLink({ to, children }: { to: Part; children: ReactNode }) {
    const { document } = useDraft();
    return <PathLink to={`/broadcasts/${document.id}/${to}`}>{children}</PathLink>;
}
