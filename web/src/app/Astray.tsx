/** An address that leads nowhere, and a page that broke. */

import { Button } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import { useRouteError } from "react-router";
import { Lead } from "../ui/Lead";
import { Page } from "../ui/Page";
import { PathLink } from "../ui/PathLink";

export function NotFound() {
    const { t } = useTranslation();
    return (
        <Page title={t("common.not_found.title")}>
            <Lead>{t("common.not_found.text")}</Lead>
            <p>
                <PathLink to="/broadcasts">{t("common.not_found.back")}</PathLink>
            </p>
        </Page>
    );
}

export function Crashed() {
    const { t } = useTranslation();
    const error = useRouteError();
    return (
        <Page title={t("common.crashed.title")}>
            <Lead>{t("common.crashed.text")}</Lead>
            <p>
                <code>{error instanceof Error ? error.message : String(error)}</code>
            </p>
            <Button appearance="primary" onClick={() => window.location.reload()}>
                {t("common.crashed.reload")}
            </Button>
        </Page>
    );
}
