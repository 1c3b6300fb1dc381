/** An address that leads nowhere, and a page that broke. */

import { Button, Link } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import { useNavigate, useRouteError } from "react-router";
import { Empty } from "../ui/Empty";

export function NotFound() {
    const { t } = useTranslation();
    const navigate = useNavigate();
    return (
        <Empty title={t("common.not_found.title")} text={t("common.not_found.text")}>
            <Link as="button" onClick={() => navigate("/broadcasts")}>
                {t("common.not_found.back")}
            </Link>
        </Empty>
    );
}

export function Crashed() {
    const { t } = useTranslation();
    const error = useRouteError();
    return (
        <Empty title={t("common.crashed.title")} text={t("common.crashed.text")}>
            <code>{error instanceof Error ? error.message : String(error)}</code>
            <Button appearance="primary" onClick={() => window.location.reload()}>
                {t("common.crashed.reload")}
            </Button>
        </Empty>
    );
}
