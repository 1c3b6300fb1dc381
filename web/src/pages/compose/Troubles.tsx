/** What its author must know of the draft before going on: sent back, changed elsewhere, brought back, or not saved. */

import {
    Button,
    MessageBar,
    MessageBarActions,
    MessageBarBody,
    MessageBarTitle,
    makeStyles,
    tokens,
} from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import { Refused } from "../../api/problem";
import { useMe } from "../../session/Session";
import { Trouble } from "../../ui/Trouble";
import type { Elsewhere } from "./desk";
import { useDraft, useKeeping } from "./draft";
import type { Field } from "./merge";
import { useNewDraft } from "./newDraft";

/** So much of a long text is enough to know it by, in characters. */
const TEXT_MAX = 240;

const useStyles = makeStyles({
    troubles: {
        display: "flex",
        flexDirection: "column",
        gap: tokens.spacingVerticalS,
        ":not(:empty)": { marginBottom: tokens.spacingVerticalL },
    },
});

export function Troubles() {
    const styles = useStyles();
    const { saving, conflict, error, retry } = useKeeping();
    const isGone = error instanceof Refused && error.status === 404;
    return (
        <div className={styles.troubles}>
            <Rejected />
            {conflict && <Conflict conflict={conflict} />}
            {saving === "failed" && (isGone ? <Gone /> : <Trouble error={error} onRetry={retry} />)}
            <News />
        </div>
    );
}

function Rejected() {
    const { t } = useTranslation();
    const { document } = useDraft();
    const { rejection, decided } = document.draft ?? {};
    if (rejection === null || rejection === undefined) return null;
    const name = decided?.name ?? "";
    return (
        <MessageBar intent="warning" layout="multiline">
            <MessageBarBody>
                {rejection ? t("compose.rejected", { name, reason: rejection }) : t("compose.rejected_plain", { name })}
            </MessageBarBody>
        </MessageBar>
    );
}

/** Who changed it elsewhere; in another window it may have been the same person. */
function useEditor({ document }: Elsewhere) {
    const me = useMe();
    const edited = document.draft?.edited;
    return { name: edited?.name ?? "", isSelf: edited?.name === me.who.name };
}

function useNames() {
    const { t, i18n } = useTranslation();
    const list = new Intl.ListFormat(i18n.language, { type: "conjunction" });
    return (fields: Field[]) => list.format(fields.map((field) => t(`compose.field.${field}`)));
}

function Conflict({ conflict }: { conflict: Elsewhere }) {
    const { t } = useTranslation();
    const { choose } = useKeeping();
    const { name, isSelf } = useEditor(conflict);
    const names = useNames();
    return (
        <MessageBar intent="warning" layout="multiline" politeness="assertive">
            <MessageBarBody>
                <MessageBarTitle>
                    {isSelf ? t("compose.keep.conflict_title_self") : t("compose.keep.conflict_title", { name })}
                </MessageBarTitle>{" "}
                {t("compose.keep.conflict_text", { fields: names(conflict.fields) })}
                <Theirs conflict={conflict} />
            </MessageBarBody>
            <MessageBarActions>
                <Button appearance="primary" onClick={() => choose("mine")}>
                    {t("compose.keep.mine")}
                </Button>
                <Button onClick={() => choose("theirs")}>
                    {t(isSelf ? "compose.keep.theirs_self" : "compose.keep.theirs")}
                </Button>
            </MessageBarActions>
        </MessageBar>
    );
}

/** What stands there instead, where that can be said in a line. */
function Theirs({ conflict }: { conflict: Elsewhere }) {
    const { t } = useTranslation();
    const theirs = conflict.document.draft?.manuscript;
    const texts = conflict.fields.flatMap((field) => {
        const text = theirs?.[field];
        return typeof text === "string" ? [{ field, text: text.slice(0, TEXT_MAX) }] : [];
    });
    if (texts.length === 0) return null;
    return (
        <ul>
            {texts.map(({ field, text }) => (
                <li key={field}>{t("compose.keep.theirs_say", { field: t(`compose.field.${field}`), text })}</li>
            ))}
        </ul>
    );
}

function Gone() {
    const { t } = useTranslation();
    const { manuscript } = useDraft();
    const { abandon } = useKeeping();
    const { start, isStarting, error } = useNewDraft({ onStarted: abandon });
    return (
        <>
            <MessageBar intent="warning" layout="multiline" politeness="assertive">
                <MessageBarBody>
                    <MessageBarTitle>{t("compose.keep.gone_title")}</MessageBarTitle> {t("compose.keep.gone_text")}
                </MessageBarBody>
                <MessageBarActions>
                    <Button disabledFocusable={isStarting} onClick={() => start(manuscript)}>
                        {t("compose.keep.gone_keep")}
                    </Button>
                </MessageBarActions>
            </MessageBar>
            <Trouble error={error} />
        </>
    );
}

function News() {
    const { t } = useTranslation();
    const { joined, isRestored, conflict, dismiss } = useKeeping();
    if (conflict || (!joined && !isRestored)) return null;
    return (
        <MessageBar intent="info">
            <MessageBarBody>{joined ? <Joined joined={joined} /> : t("compose.keep.restored")}</MessageBarBody>
            <MessageBarActions>
                <Button onClick={dismiss}>{t("compose.keep.close")}</Button>
            </MessageBarActions>
        </MessageBar>
    );
}

function Joined({ joined }: { joined: Elsewhere }) {
    const { t } = useTranslation();
    const { name, isSelf } = useEditor(joined);
    const fields = useNames()(joined.fields);
    return <>{isSelf ? t("compose.keep.joined_self", { fields }) : t("compose.keep.joined", { name, fields })}</>;
}
