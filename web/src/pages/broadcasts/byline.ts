/** Who began something: by name; a program has none, and goes by its id. */

import { useTranslation } from "react-i18next";

const ID = /^([0-9a-f]{8})-[0-9a-f]{4}-/;

export function useByline(): (name: string | null | undefined) => string {
    const { t } = useTranslation();
    return (name) => {
        if (!name) return t("broadcasts.command_line");
        const [, id] = ID.exec(name) ?? [];
        return id ? t("broadcasts.program", { id }) : name;
    };
}
