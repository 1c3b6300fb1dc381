/** A link to a page of ours that looks like every other link. */

import { Link } from "@fluentui/react-components";
import type { ReactNode } from "react";
import { useHref, useLinkClickHandler } from "react-router";

export function PathLink({ to, children }: { to: string; children: ReactNode }) {
    const href = useHref(to);
    const open = useLinkClickHandler<HTMLAnchorElement>(to);
    return (
        <Link href={href} onClick={open}>
            {children}
        </Link>
    );
}
