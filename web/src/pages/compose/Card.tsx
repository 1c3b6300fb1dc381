/** One Adaptive Card, drawn by Microsoft's own renderer. A large part: loaded when there is something to show. */

import { makeStyles, tokens } from "@fluentui/react-components";
import { type Action, AdaptiveCard, HostConfig, OpenUrlAction } from "adaptivecards";
import MarkdownIt from "markdown-it";
import { useEffect, useRef } from "react";
import type { Appearance } from "../../ui/theme";
import { hostConfig } from "./hostConfig";

/** What Teams renders of Markdown, and nothing else; the server refuses the rest. */
const markdown = new MarkdownIt("zero").enable(["emphasis", "link", "list", "escape", "entity"]);

AdaptiveCard.onProcessMarkdown = (text, result) => {
    result.outputHtml = markdown.render(text);
    result.didProcess = true;
};

const useStyles = makeStyles({
    card: {
        "& p": { marginBlock: "0 10px" },
        "& ul, & ol": { marginBlock: "0 10px", paddingInlineStart: "22px" },
        "& a": { color: tokens.colorBrandForegroundLink, textDecorationLine: "underline" },
        "& .ac-image": { borderRadius: tokens.borderRadiusMedium },
        "& .ac-pushButton": {
            maxWidth: "100%",
            minHeight: "32px",
            padding: "5px 12px",
            fontFamily: tokens.fontFamilyBase,
            fontSize: "14px",
            fontWeight: tokens.fontWeightSemibold,
            color: tokens.colorNeutralForeground1,
            backgroundColor: tokens.colorNeutralBackground1,
            border: `1px solid ${tokens.colorNeutralStroke1}`,
            borderRadius: tokens.borderRadiusMedium,
            cursor: "pointer",
            overflowWrap: "anywhere",
            ":hover": { backgroundColor: tokens.colorNeutralBackground1Hover },
            ":focus-visible": { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: "1px" },
        },
        "& .ac-actionSet": { flexWrap: "wrap", rowGap: "8px" },
    },
});

export default function Card({ card, appearance }: { card: object; appearance: Appearance }) {
    const styles = useStyles();
    const place = useRef<HTMLDivElement>(null);
    useEffect(() => {
        const drawn = new AdaptiveCard();
        drawn.hostConfig = new HostConfig(hostConfig(appearance));
        drawn.onExecuteAction = (action: Action) => {
            // So that an author can try where the buttons lead.
            if (action instanceof OpenUrlAction && action.url) window.open(action.url, "_blank", "noopener");
        };
        drawn.parse(card);
        const element = drawn.render();
        if (!element) return;
        // A stop for the keyboard where nothing can be done tells nobody anything.
        element.removeAttribute("tabindex");
        place.current?.replaceChildren(element);
    }, [card, appearance]);
    return <div ref={place} className={styles.card} />;
}
