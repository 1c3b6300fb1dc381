import { Link } from "@fluentui/react-components";
import type { ReactNode } from "react";
import { useHref, useNavigate } from "react-router";
import type { Part } from "../DraftPage";
import { useDraft } from "../draft";

/** To another step of the open draft. */
export function StepLink({ to, children }: { to: Part; children: ReactNode }) {
    const { document } = useDraft();
    const navigate = useNavigate();
    const path = `/broadcasts/${document.id}/${to}`;
    const href = useHref(path);
    return (
        <Link
            href={href}
            onClick={(event) => {
                if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                event.preventDefault();
                void navigate(path);
            }}
        >
            {children}
        </Link>
    );
}
