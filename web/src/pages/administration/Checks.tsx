import { makeStyles, tokens, typographyStyles } from "@fluentui/react-components";
import { CheckmarkCircleFilled, ErrorCircleFilled, QuestionCircleRegular, WarningFilled } from "@fluentui/react-icons";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { format } from "../../ui/format";
import type { Check, Verdict } from "./doctor";

const useStyles = makeStyles({
    list: { listStyleType: "none", margin: 0, padding: 0 },
    check: {
        display: "grid",
        gridTemplateColumns: "24px minmax(0, 1fr)",
        columnGap: tokens.spacingHorizontalM,
        padding: `${tokens.spacingVerticalM} 0`,
        borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
        overflowWrap: "anywhere",
    },
    mark: { fontSize: "20px", lineHeight: "20px" },
    ok: { color: tokens.colorStatusSuccessForeground1 },
    warning: { color: tokens.colorStatusWarningForeground3 },
    failure: { color: tokens.colorStatusDangerForeground1 },
    not_checked: { color: tokens.colorNeutralForeground3 },
    promise: { ...typographyStyles.body1Strong, margin: 0 },
    remark: { color: tokens.colorNeutralForeground3 },
    places: { margin: `${tokens.spacingVerticalXS} 0`, paddingInlineStart: tokens.spacingHorizontalXL },
    cure: { margin: `${tokens.spacingVerticalXS} 0 0` },
});

const MARKS: Record<Verdict, ReactNode> = {
    ok: <CheckmarkCircleFilled />,
    warning: <WarningFilled />,
    failure: <ErrorCircleFilled />,
    not_checked: <QuestionCircleRegular />,
};

export function Checks({ checks }: { checks: Check[] }) {
    const styles = useStyles();
    if (checks.length === 0) return null;
    return (
        <ul className={styles.list}>
            {checks.map((check) => (
                <Found key={check.name} check={check} />
            ))}
        </ul>
    );
}

/** What is found, and the cure, are in English in every language. */
function Found({ check }: { check: Check }) {
    const { t, i18n } = useTranslation();
    const styles = useStyles();
    const translated = t(`administration.health.promise.${check.name}`, { defaultValue: "" });
    const more = check.count - check.places.length;
    return (
        <li className={styles.check}>
            <span
                className={`${styles.mark} ${styles[check.verdict]}`}
                role="img"
                aria-label={t(`administration.health.verdict.${check.verdict}`)}
            >
                {MARKS[check.verdict]}
            </span>
            <div>
                <p className={styles.promise} lang={translated ? i18n.language : "en"}>
                    {translated || check.promise}
                </p>
                {check.remark && (
                    <div className={styles.remark} lang="en">
                        {check.remark}
                    </div>
                )}
                {check.places.length > 0 && (
                    <ul className={styles.places} lang="en">
                        {check.places.map((place) => (
                            <li key={JSON.stringify(place)}>{where(place)}</li>
                        ))}
                        {more > 0 && (
                            <li lang={i18n.language}>
                                {t("administration.health.more", { formatted: format.number(more) })}
                            </li>
                        )}
                    </ul>
                )}
                {check.cure && (
                    <p className={styles.cure} lang="en">
                        {t("administration.health.cure", { cure: check.cure })}
                    </p>
                )}
            </div>
        </li>
    );
}

function where({ tenant, round, chunk, ordinal, detail }: Check["places"][number]): string {
    const parts = Object.entries({ tenant, round, chunk, ordinal }).flatMap(([name, value]) =>
        value == null ? [] : [`${name} ${value}`],
    );
    return [parts.join(", "), detail].filter(Boolean).join(": ");
}
