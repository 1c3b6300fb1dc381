/** Within Teams, where nobody signs in by hand: Teams did not say who is there, or Stentor does not take its word. */

import { Body1, Button, Caption1, makeStyles, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import { Empty } from "../ui/Empty";

const useStyles = makeStyles({
    buttons: { display: "flex", flexWrap: "wrap", justifyContent: "center", gap: tokens.spacingHorizontalM },
});

export function Unknown({ error, onRetry }: { error: Error | null; onRetry: () => void }) {
    const { t } = useTranslation();
    const styles = useStyles();
    return (
        <main>
            <Empty title={t("common.unknown.title")} text={t("common.unknown.text")}>
                <div className={styles.buttons}>
                    <Button appearance="primary" onClick={onRetry}>
                        {t("common.retry")}
                    </Button>
                    <Button as="a" href={window.location.href} target="_blank" rel="noopener">
                        {t("common.unknown.alone")}
                    </Button>
                </div>
                <Body1>{t("common.unknown.administrator")}</Body1>
                <Caption1 lang="en">{error?.message}</Caption1>
            </Empty>
        </main>
    );
}
