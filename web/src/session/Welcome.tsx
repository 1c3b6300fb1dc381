/** For whoever has not signed in: what this is, and the one button. */

import { Body1, Button, Caption1, makeStyles, Title1, tokens } from "@fluentui/react-components";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import mark from "../ui/stentor.svg";

const useStyles = makeStyles({
    welcome: {
        maxWidth: "36rem",
        margin: "0 auto",
        padding: `14vh ${tokens.spacingHorizontalXXL} ${tokens.spacingHorizontalXXL}`,
        display: "flex",
        flexDirection: "column",
        gap: tokens.spacingVerticalXL,
        alignItems: "flex-start",
    },
    mark: { width: "56px", height: "56px" },
});

export function Welcome() {
    const { t } = useTranslation();
    const styles = useStyles();
    useEffect(() => {
        document.title = "Stentor";
    }, []);
    const here = window.location.pathname + window.location.search;
    return (
        <main className={styles.welcome}>
            <img src={mark} alt="" className={styles.mark} />
            <Title1 as="h1" style={{ margin: 0 }}>
                {t("common.welcome.title")}
            </Title1>
            <Body1>{t("common.welcome.text")}</Body1>
            <Button as="a" appearance="primary" size="large" href={`/sign-in?return_to=${encodeURIComponent(here)}`}>
                {t("common.welcome.sign_in")}
            </Button>
            <Caption1>{t("common.welcome.hint")}</Caption1>
        </main>
    );
}
