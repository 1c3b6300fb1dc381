/** The three steps of a draft, as links. */

import { useTranslation } from "react-i18next";
import { NavLink } from "react-router";
import type { Part } from "./DraftPage";
import { useDraft } from "./draft";

const PARTS: Part[] = ["words", "audience", "send"];

export function Steps(_: { part: Part }) {
    const { t } = useTranslation();
    const { document } = useDraft();
    return (
        <nav aria-label={t("compose.steps.label")}>
            {PARTS.map((part) => (
                <NavLink key={part} to={`/broadcasts/${document.id}/${part}`}>
                    {t(`compose.steps.${part}`)}
                </NavLink>
            ))}
        </nav>
    );
}
