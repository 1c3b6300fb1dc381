/** What is sent, small, so that nobody sends the wrong one. */

import { makeStyles, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import { useDraft } from "../draft";
import { Preview } from "../Preview";
import { Section } from "./Section";
import { StepLink } from "./StepLink";

const useStyles = makeStyles({
    preview: {
        maxHeight: "max(420px, calc(100vh - 240px))",
        width: "100%",
        maxWidth: "480px",
        overflowY: "auto",
        borderRadius: tokens.borderRadiusMedium,
    },
});

export function What() {
    const { t } = useTranslation();
    const styles = useStyles();
    const { manuscript, isReadOnly } = useDraft();
    return (
        <Section title={t("send.what.title")}>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard. */}
            <section className={styles.preview} tabIndex={0} aria-label={t("send.what.preview")}>
                <Preview manuscript={manuscript} />
            </section>
            {!isReadOnly && <StepLink to="words">{t("send.what.change")}</StepLink>}
        </Section>
    );
}
