/** For whoever keeps Stentor running: is it well, what does it know, what holds it back, who did what. */

import { makeStyles, Tab, TabList, tokens } from "@fluentui/react-components";
import { LockClosedRegular } from "@fluentui/react-icons";
import type { ComponentType } from "react";
import { useTranslation } from "react-i18next";
import { Navigate, useNavigate, useParams } from "react-router";
import { useMay } from "../../session/Session";
import { Empty } from "../../ui/Empty";
import { Page } from "../../ui/Page";
import { Audiences } from "./Audiences";
import { Audit } from "./Audit";
import { Directory } from "./Directory";
import { Health } from "./Health";
import { Quotas } from "./Quotas";
import { Workers } from "./Workers";

const PARTS = {
    health: Health,
    directory: Directory,
    quotas: Quotas,
    workers: Workers,
    audit: Audit,
    audiences: Audiences,
} satisfies Record<string, ComponentType>;
type Part = keyof typeof PARTS;
const NAMES = Object.keys(PARTS) as Part[];

const useStyles = makeStyles({
    tabs: { flexWrap: "wrap", marginBottom: tokens.spacingVerticalXL, marginInlineStart: "-10px" },
    panel: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalXL },
});

export function Administration() {
    const { t } = useTranslation();
    const styles = useStyles();
    const navigate = useNavigate();
    const { part = "health" } = useParams();
    if (!useMay("admin"))
        return (
            <Page title={t("administration.title")}>
                <Empty
                    icon={<LockClosedRegular />}
                    title={t("common.not_allowed.title")}
                    text={t("common.not_allowed.text")}
                />
            </Page>
        );
    const name = NAMES.find((name) => name === part);
    if (!name) return <Navigate to="/administration" replace />;
    const Shown = PARTS[name];
    return (
        <Page title={t("administration.title")}>
            <TabList
                className={styles.tabs}
                aria-label={t("administration.parts.label")}
                selectedValue={name}
                onTabSelect={(_, { value }) => navigate(`/administration/${value}`)}
            >
                {NAMES.map((name) => (
                    <Tab key={name} id={`part-${name}`} value={name} aria-controls="part">
                        {t(`administration.parts.${name}`)}
                    </Tab>
                ))}
            </TabList>
            <div id="part" role="tabpanel" aria-labelledby={`part-${name}`} className={styles.panel}>
                <Shown />
            </div>
        </Page>
    );
}
