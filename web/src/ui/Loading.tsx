import { Spinner } from "@fluentui/react-components";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

/** What is quick is not announced: a spinner that flashes up tells nobody anything. */
const PATIENCE = 300;

export function Loading({ label }: { label?: string }) {
    const { t } = useTranslation();
    const [isSlow, setSlow] = useState(false);
    useEffect(() => {
        const timer = setTimeout(() => setSlow(true), PATIENCE);
        return () => clearTimeout(timer);
    }, []);
    return isSlow ? <Spinner label={label ?? t("common.loading")} style={{ padding: "3rem" }} /> : null;
}
