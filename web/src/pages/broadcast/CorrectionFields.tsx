/** What can be said otherwise: as it is written at first, as far as it went where it can still be changed. */

import { Field, Input, makeStyles, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import type { Channels, Manuscript, SaidDocument } from "../../api/types";
import { Buttons } from "../compose/Buttons";
import { useDraft } from "../compose/draft";
import { Editor } from "../compose/Editor";
import { Picture } from "../compose/Picture";
import { useFault } from "../compose/telling";
import { wordsOf } from "./correction";

const useStyles = makeStyles({
    fields: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalXL, minWidth: 0 },
});

export function CorrectionFields({ channels, said }: { channels: Channels; said: SaidDocument }) {
    const styles = useStyles();
    const isMessage = channels !== "feed";
    const { feed } = wordsOf(said);
    return (
        <div className={styles.fields}>
            <Line of="title" />
            {isMessage && (
                <>
                    <Editor />
                    <Picture />
                    <Buttons />
                    <Line of="banner" />
                    <Line of="author" />
                </>
            )}
            {feed && (
                <>
                    <Below />
                    {Object.keys(feed.parameters ?? {}).map((name) => (
                        <Variable key={name} name={name} />
                    ))}
                </>
            )}
        </div>
    );
}

function Line({ of }: { of: "title" | "banner" | "author" }) {
    const { t } = useTranslation();
    const { manuscript, change } = useDraft();
    const label = t(`compose.${of}.label`);
    const fault = useFault(of, label);
    const isTitle = of === "title";
    return (
        <Field
            label={label}
            required={isTitle}
            hint={of === "title" ? undefined : t(`compose.${of}.hint`)}
            {...fault.field}
        >
            <Input
                size={isTitle ? "large" : "medium"}
                placeholder={
                    of === "banner" ? manuscript.title : t(`compose.${isTitle ? "title" : "author"}.placeholder`)
                }
                value={manuscript[of] ?? ""}
                onChange={(_, { value }) => change({ [of]: isTitle ? value : value || null })}
                onBlur={fault.onBlur}
            />
        </Field>
    );
}

/** The line below the title, in activity feeds. */
function Below() {
    const { t } = useTranslation();
    const { manuscript, change } = useDraft();
    const fault = useFault("feed.preview_text", t("compose.channel.preview_text"));
    const { feed, banner, title } = manuscript;
    return (
        <Field label={t("compose.channel.preview_text")} hint={t("compose.channel.preview_hint")} {...fault.field}>
            <Input
                placeholder={banner ?? title}
                value={feed?.preview_text ?? ""}
                onChange={(_, { value }) =>
                    change({ feed: { ...feed, preview_text: value || null } as Manuscript["feed"] })
                }
                onBlur={fault.onBlur}
            />
        </Field>
    );
}

/** What the template of a notification is filled with, but for what follows the title. */
function Variable({ name }: { name: string }) {
    const { t } = useTranslation();
    const { manuscript, change } = useDraft();
    const label = t("broadcast.deed.correcting.variable", { name });
    const fault = useFault("feed.parameters", label);
    const { feed } = manuscript;
    const put = (value: string) =>
        change({ feed: { ...feed, parameters: { ...feed?.parameters, [name]: value } } as Manuscript["feed"] });
    return (
        <Field label={label} {...fault.field}>
            <Input
                value={feed?.parameters?.[name] ?? ""}
                onChange={(_, { value }) => put(value)}
                onBlur={fault.onBlur}
            />
        </Field>
    );
}
