/** The first step: what is said, beside how people will see it. */

import { Field, Input, MessageBar, MessageBarBody, makeStyles, tokens } from "@fluentui/react-components";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Buttons } from "./Buttons";
import { useDraft } from "./draft";
import { Editor } from "./Editor";
import { useIsLedOn } from "./ledOn";
import { More } from "./More";
import { Next } from "./Next";
import { Notes } from "./Notes";
import { Picture } from "./Picture";
import { Preview } from "./Preview";
import { saysTooMuch } from "./presentable";
import { useFault } from "./telling";

const useStyles = makeStyles({
    sides: {
        display: "grid",
        gridTemplateColumns: "minmax(0, 1fr) minmax(0, 1fr)",
        gap: `${tokens.spacingVerticalXXL} ${tokens.spacingHorizontalXXXL}`,
        alignItems: "start",
        "@media (max-width: 900px)": { gridTemplateColumns: "minmax(0, 1fr)" },
    },
    form: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalXL },
    preview: { "@media (min-width: 901px)": { position: "sticky", top: tokens.spacingVerticalL } },
});

export function Words() {
    const { t } = useTranslation();
    const styles = useStyles();
    const { manuscript, isReadOnly } = useDraft();
    const hasMessage = manuscript.channel !== "feed" || saysTooMuch(manuscript);
    if (isReadOnly)
        return (
            <div className={styles.form}>
                <MessageBar>
                    <MessageBarBody>{t("compose.read_only")}</MessageBarBody>
                </MessageBar>
                <Preview manuscript={manuscript} />
            </div>
        );
    return (
        <>
            <div className={styles.sides}>
                <div className={styles.form}>
                    <Title />
                    {hasMessage && (
                        <>
                            <Editor />
                            <Picture />
                            <Buttons />
                            <Banner />
                        </>
                    )}
                    <More />
                    <Notes />
                </div>
                <div className={styles.preview}>
                    <Preview manuscript={manuscript} />
                </div>
            </div>
            {/* After the preview, also where that stands below the form: whoever goes on has seen it. */}
            <Next step="audience">
                {t(manuscript.channel === "team_channel" ? "compose.next_channels" : "compose.next")}
            </Next>
        </>
    );
}

function Title() {
    const { t } = useTranslation();
    const { manuscript, change } = useDraft();
    const fault = useFault("title", t("compose.title.label"));
    const input = useRef<HTMLInputElement>(null);
    const isFirstToDo = useIsLedOn() && manuscript.title === "";
    // biome-ignore lint/correctness/useExhaustiveDependencies: once, for whoever has begun an announcement.
    useEffect(() => {
        if (isFirstToDo) input.current?.focus();
    }, []);
    return (
        <Field label={t("compose.title.label")} required {...fault.field}>
            <Input
                ref={input}
                size="large"
                placeholder={t("compose.title.placeholder")}
                value={manuscript.title}
                onChange={(_, { value }) => change({ title: value })}
                onBlur={fault.onBlur}
            />
        </Field>
    );
}

function Banner() {
    const { t } = useTranslation();
    const { manuscript, change } = useDraft();
    const fault = useFault("banner", t("compose.banner.label"));
    return (
        <Field label={t("compose.banner.label")} hint={t("compose.banner.hint")} {...fault.field}>
            <Input
                placeholder={manuscript.title}
                value={manuscript.banner ?? ""}
                onChange={(_, { value }) => change({ banner: value || null })}
                onBlur={fault.onBlur}
            />
        </Field>
    );
}
