/** A link to a page of ours that looks like every other link. */

import { Link } from "@fluentui/react-components";
import type { ReactNode } from "react";
import { useHref, useLinkClickHandler } from "react-router";

type Props = { to: string; children: ReactNode; className?: string; "aria-label"?: string };

export function PathLink({ to, ...rest }: Props) {
    const href = useHref(to);
    const open = useLinkClickHandler<HTMLAnchorElement>(to);
    return <Link href={href} onClick={open} {...rest} />;
}
