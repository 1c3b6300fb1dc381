/** The audience in words, for what chips cannot say; never rewritten behind anybody's back. */

import { Button, Field, Link, makeStyles, Textarea, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import type { Fault } from "../../../api/problem";
import { Faults } from "./Faults";
import type { Chosen } from "./useAudience";

const useStyles = makeStyles({
    whole: {
        display: "flex",
        flexDirection: "column",
        alignItems: "stretch",
        gap: tokens.spacingVerticalM,
        "> p": { margin: 0 },
    },
    back: { alignSelf: "flex-start" },
    words: { "> textarea": { minHeight: "120px", fontFamily: tokens.fontFamilyMonospace } },
    examples: {
        margin: 0,
        paddingLeft: tokens.spacingHorizontalL,
        color: tokens.colorNeutralForeground2,
        overflowWrap: "anywhere",
    },
});

const EXAMPLES = [
    'country = "France" except group "Contractors" or team "Milan"',
    'department = "Sales" and country in ("France", "Italy")',
    'job_title contains "engineer" except person "anna@contoso.example"',
];

type Props = { chosen: Chosen; faults: Fault[]; isReadOnly: boolean; onBack?: () => void };

export function InWords({ chosen, faults, isReadOnly, onBack }: Props) {
    const { t } = useTranslation();
    const styles = useStyles();
    const named = chosen.words.toLowerCase();
    const lists = Object.keys(chosen.lists);
    const unnamed = lists.filter((name) => !named.includes(name.toLowerCase()));
    return (
        <div className={styles.whole}>
            <Field
                label={{ children: t("audience.words.label"), size: "large" }}
                hint={onBack || faults.length > 0 ? t("audience.words.hint") : t("audience.words.no_chips")}
            >
                <Textarea
                    className={styles.words}
                    autoFocus={onBack !== undefined}
                    resize="vertical"
                    spellCheck={false}
                    readOnly={isReadOnly}
                    value={chosen.words}
                    onChange={(_, { value }) => chosen.say(value)}
                />
            </Field>
            <Faults faults={faults} />
            <ul className={styles.examples} aria-label={t("audience.words.examples")}>
                {EXAMPLES.map((example) => (
                    <li key={example}>
                        <code>{example}</code>
                    </li>
                ))}
            </ul>
            {lists.length > 0 && (
                <p>{t("audience.words.lists", { lists: lists.map((it) => `list "${it}"`).join(", ") })}</p>
            )}
            {unnamed.map((name) => (
                <p key={name}>
                    {t("audience.words.unnamed", { name })}{" "}
                    <Link as="button" type="button" onClick={() => chosen.dropList(name)}>
                        {t("audience.words.drop", { name })}
                    </Link>
                </p>
            ))}
            {onBack && (
                <Button className={styles.back} onClick={onBack}>
                    {t("audience.words.back")}
                </Button>
            )}
        </div>
    );
}
