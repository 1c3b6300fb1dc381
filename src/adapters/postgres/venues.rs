//! Where something goes that is not one person's, kept beside the people.

use sqlx::types::Json;

use super::PgStore;
use super::statement::statements;
use crate::domain::ids::{RecipientKey, TenantKey};
use crate::domain::time::Timestamp;
use crate::domain::venue::Venue;
use crate::ports::{NamedVenue, StoreError};

statements! {
    KEEP_VENUES = "-- keep_venues
        -- $1 tenant, $2 keys, $3 venues, $4 what they are in words, $5 their names, $6 now
        -- One that is known keeps its number and its way. The numbers come back in the order of the venues.
        with given as materialized (
          select place, entra_id, venue, words, name
          from unnest($2::uuid[], $3::jsonb[], $4::text[], $5::text[])
            with ordinality as given (entra_id, venue, words, name, place)
        ),
        kept as (
          insert into recipient (tenant_id, entra_id, user_principal_name, display_name, guest, enabled, licensed, venue,
            kept_at)
          select distinct on (entra_id) $1, entra_id, words, name, false, true, true, venue, $6
          from given
          order by entra_id, place desc
          on conflict (tenant_id, entra_id) do update
          set display_name = excluded.display_name, venue = excluded.venue, left_at = null, kept_at = excluded.kept_at
          returning recipient_id, entra_id
        )
        select kept.recipient_id from given join kept using (entra_id) order by given.place";
}

impl PgStore {
    pub(super) async fn keep_these_venues(
        &self,
        tenant: TenantKey,
        venues: &[NamedVenue],
        now: Timestamp,
    ) -> Result<Vec<RecipientKey>, StoreError> {
        let keys: Vec<_> = venues.iter().map(|it| it.venue.key().0).collect();
        let kept: Vec<Json<&Venue>> = venues.iter().map(|it| Json(&it.venue)).collect();
        let words: Vec<String> = venues.iter().map(|it| it.venue.to_string()).collect();
        let names: Vec<&str> = venues.iter().map(|it| it.name.as_str()).collect();
        let numbers: Vec<i64> = self
            .database
            .run("keep_venues", async |conn| {
                let query = sqlx::query_scalar(KEEP_VENUES).bind(tenant.0).bind(&keys).bind(&kept);
                query.bind(&words).bind(&names).bind(now).fetch_all(conn).await
            })
            .await?;
        Ok(numbers.into_iter().map(RecipientKey).collect())
    }
}
