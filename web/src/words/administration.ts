import * as audit from "./administration/audit";
import * as health from "./administration/health";
import * as holdings from "./administration/holdings";

export const en = {
    title: "Administration",
    parts: {
        label: "Parts of the administration",
        health: "Health",
        directory: "Directory",
        quotas: "Quotas",
        workers: "Workers",
        audit: "Audit",
        audiences: "Saved audiences",
    },
    health: health.en,
    audit: audit.en,
    ...holdings.en,
};

export const fr: typeof en = {
    title: "Administration",
    parts: {
        label: "Parties de l’administration",
        health: "Santé",
        directory: "Annuaire",
        quotas: "Quotas",
        workers: "Processus",
        audit: "Journal",
        audiences: "Destinataires enregistrés",
    },
    health: health.fr,
    audit: audit.fr,
    ...holdings.fr,
};
