//! What any S3 must do for Windlass, one function per behaviour.
//!
//! A behaviour gets a server and uses keys under its own name, so that all can run side by side on
//! one bucket. It returns an error that says what was expected and what came.

pub mod checksums;
pub mod completion;
pub mod forms;
pub mod listing;
pub mod multipart;
pub mod objects;
pub mod own_signer;
pub mod presigned;

/// Makes a test of every behaviour: `s3_behaviours!(on_server)`, where `on_server` is an
/// `async fn(impl AsyncFnOnce(&S3Target) -> anyhow::Result<()>) -> anyhow::Result<()>`.
#[macro_export]
macro_rules! s3_behaviours {
    ($on_server:path) => {
        $crate::s3_behaviours! { $on_server =>
            objects: stored_object_reads_back_with_its_headers;
            objects: a_second_put_replaces_the_whole_object;
            objects: ranges_are_cut_as_asked;
            objects: reads_can_be_conditional;
            objects: a_missing_object_is_404_and_deleting_it_is_fine;
            objects: many_objects_are_deleted_at_once;
            objects: a_copy_is_an_object_of_its_own;
            objects: odd_keys_are_kept_apart;
            objects: a_put_can_ask_that_nothing_be_there;
            objects: attributes_tell_size_checksum_and_parts;
            checksums: a_wrong_checksum_is_refused_and_the_old_object_stays;
            checksums: a_right_checksum_is_kept_and_told;
            checksums: a_wrong_content_md5_is_refused;
            checksums: a_trailing_checksum_is_verified;
            presigned: signed_put_with_length_type_and_checksum_is_accepted;
            presigned: signed_put_is_bound_to_all_it_signs;
            presigned: signed_get_works_and_overrides_headers;
            presigned: signed_get_is_bound_to_method_key_and_host;
            presigned: expired_and_overlong_urls_are_refused;
            presigned: unsigned_amz_headers_are_refused;
            presigned: anonymous_requests_are_refused;
            presigned: signed_part_is_accepted_once_per_number;
            multipart: parts_in_any_order_make_the_object;
            multipart: listed_parts_have_etag_size_and_checksum;
            multipart: parts_are_listed_in_pages;
            multipart: a_part_sent_again_takes_the_place_of_the_first;
            multipart: a_corrupt_part_is_refused;
            multipart: an_aborted_upload_is_gone;
            multipart: an_upload_belongs_to_its_key;
            multipart: open_uploads_are_listed;
            multipart: a_part_can_be_copied_from_an_object;
            completion: f32_a_wrong_list_of_parts_leaves_the_upload_open;
            completion: a_part_too_small_leaves_the_upload_open;
            completion: the_checksum_of_the_whole_is_verified;
            completion: composed_checksums_are_verified;
            completion: completing_again_gives_the_same_answer;
            completion: completing_can_ask_that_nothing_be_there;
            own_signer: own_signatures_put_and_get;
            own_signer: own_signatures_upload_parts;
            own_signer: own_signatures_bind_what_they_sign;
            forms: a_signed_form_brings_an_object;
            forms: a_signed_form_is_bound_to_all_it_signs;
            listing: a_prefix_is_listed_in_pages;
            listing: a_delimiter_groups_keys;
        }
    };
    ($on_server:path => $($room:ident: $name:ident;)*) => {
        $(
            #[tokio::test]
            async fn $name() -> anyhow::Result<()> {
                $on_server(async |target: &$crate::S3Target| $crate::behaviours::$room::$name(target).await).await
            }
        )*
    };
}
