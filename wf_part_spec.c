/*-------------------------------------------------------------------------
 *
 * wf_part_spec.c
 *	  The parts: what their columns and labels are called.
 *
 * Constants only.  Nobody else knows a column's or a label's name.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "core/wf_entry.h"

#include "wf_part.h"

/* pages, the only part with a spelling of its own for Selected (clients of V2) */
static const WfLabelSpec page_curation_labels[] = {
	[WF_CURATION_SELECTED] = {{"Selected"}, true},
	[WF_CURATION_QUEUED] = {{"Queued"}, false},
	[WF_CURATION_NEW] = {{"New"}, false},
	[WF_CURATION_ARCHIVED] = {{"Archived"}, false},
};

/* domains, sitemap files and businesses; Maybe and the like are nothing to us */
static const WfLabelSpec curation_labels[] = {
	[WF_CURATION_SELECTED] = {{"Selected"}, true},
	[WF_CURATION_QUEUED] = {{NULL}, false},
	[WF_CURATION_NEW] = {{"New"}, false},
	[WF_CURATION_ARCHIVED] = {{"Archived"}, false},
};

static const WfLabelSpec processing_labels[] = {
	[WF_PROCESSING_QUEUED] = {{"Queued"}, true},
	[WF_PROCESSING_PROCESSING] = {{"Processing", "InProgress"}, true},
	[WF_PROCESSING_COMPLETE] = {{"Complete", "Completed"}, true},
	[WF_PROCESSING_ERROR] = {{"Error", "Failed"}, true},
	[WF_PROCESSING_FILTERED] = {{"Filtered"}, false},
};

static const WfLabelSpec analysis_labels[] = {
	[WF_PROCESSING_QUEUED] = {{"queued"}, true},
	[WF_PROCESSING_PROCESSING] = {{"processing", "InProgress"}, true},
	[WF_PROCESSING_COMPLETE] = {{"submitted", "Complete", "Completed"}, true},
	[WF_PROCESSING_ERROR] = {{"failed", "Error"}, true},
	[WF_PROCESSING_FILTERED] = {{NULL}, false},
	[WF_PROCESSING_PENDING] = {{"pending"}, false},
};

static const WfLabelSpec result_labels[] = {
	[WF_RESULT_FOUND] = {{"ContactFound", "ContactsFound", "Found"}, true},
	[WF_RESULT_NOT_FOUND] = {{"NoContactFound", "NoContactsFound", "NotFound"}, true},
	[WF_RESULT_NEW] = {{"New"}, false},
	[WF_RESULT_ERROR] = {{"Error", "Failed"}, false},
};

/* first spellings: wf_sitemap_type_name() */
static const WfLabelSpec sitemap_type_labels[WF_SITEMAP_TYPE_COUNT] = {
	[WF_SITEMAP_URLSET] = {{"standard", "urlset", "sitemap"}, true},
	[WF_SITEMAP_INDEX] = {{"index", "sitemap_index"}, true},
	[WF_SITEMAP_TEXT] = {{"text", "txt"}, false},
	[WF_SITEMAP_RSS] = {{"rss"}, false},
	[WF_SITEMAP_ATOM] = {{"atom"}, false},
};

static const WfLabelSpec job_type_labels[] = {
	{{"sitemap"}, true},
};

static const WfLabelSpec job_labels[] = {
	[WF_JOB_COMPLETE] = {{"complete", "completed"}, true},
	[WF_JOB_FAILED] = {{"failed", "error"}, true},
};

static const WfColumnSpec page_columns[WF_PAGE_COLUMNS] = {
	[WF_ITEM_ID] = {"id", WF_COLUMN_UUID, true},
	[WF_ITEM_DOMAIN_ID] = {"domain_id", WF_COLUMN_UUID, true},
	[WF_ITEM_URL] = {"url", WF_COLUMN_TEXT, true},
	[WF_ITEM_CURATION] = {"page_curation_status", WF_COLUMN_STATUS, true,
	page_curation_labels, lengthof(page_curation_labels)},
	[WF_ITEM_PROCESSING] = {"page_processing_status", WF_COLUMN_STATUS, true,
	processing_labels, lengthof(processing_labels)},
	[WF_ITEM_ERROR] = {"page_processing_error", WF_COLUMN_TEXT, false},
	[WF_ITEM_RESULT] = {"contact_scrape_status", WF_COLUMN_STATUS, false,
	result_labels, lengthof(result_labels)},
	[WF_ITEM_UPDATED_AT] = {"updated_at", WF_COLUMN_TIMESTAMP, false},
	[WF_PAGE_TITLE] = {"title", WF_COLUMN_TEXT, false},
	[WF_PAGE_TYPE] = {"page_type", WF_COLUMN_TEXT, false},
	[WF_PAGE_PRIORITY] = {"priority", WF_COLUMN_INTEGER, false},
	[WF_PAGE_LAST_MODIFIED] = {"last_modified", WF_COLUMN_TIMESTAMP, false},
	[WF_PAGE_SITEMAP_FILE_ID] = {"sitemap_file_id", WF_COLUMN_UUID, false},
};

static const WfColumnSpec contact_columns[WF_CONTACT_COLUMNS] = {
	[WF_CONTACT_ID] = {"id", WF_COLUMN_UUID, true},
	[WF_CONTACT_DOMAIN_ID] = {"domain_id", WF_COLUMN_UUID, true},
	[WF_CONTACT_PAGE_ID] = {"page_id", WF_COLUMN_UUID, true},
	[WF_CONTACT_EMAIL] = {"email", WF_COLUMN_TEXT, true},
	[WF_CONTACT_NAME] = {"name", WF_COLUMN_TEXT, false},
	[WF_CONTACT_PHONE_NUMBER] = {"phone_number", WF_COLUMN_TEXT, false},
	[WF_CONTACT_JOB_TITLE] = {"job_title", WF_COLUMN_TEXT, false},
	[WF_CONTACT_SOURCE_URL] = {"source_url", WF_COLUMN_TEXT, false},
	[WF_CONTACT_CONTEXT] = {"context", WF_COLUMN_TEXT, false},
	[WF_CONTACT_UPDATED_AT] = {"updated_at", WF_COLUMN_TIMESTAMP, false},
};

static const WfColumnSpec domain_columns[WF_DOMAIN_COLUMNS] = {
	[WF_ITEM_ID] = {"id", WF_COLUMN_UUID, true},
	[WF_ITEM_URL] = {"domain", WF_COLUMN_TEXT, true},
	[WF_ITEM_CURATION] = {"sitemap_curation_status", WF_COLUMN_STATUS, true,
	curation_labels, lengthof(curation_labels)},
	[WF_ITEM_PROCESSING] = {"sitemap_analysis_status", WF_COLUMN_STATUS, true,
	analysis_labels, lengthof(analysis_labels)},
	[WF_ITEM_ERROR] = {"sitemap_analysis_error", WF_COLUMN_TEXT, false},
	[WF_ITEM_UPDATED_AT] = {"updated_at", WF_COLUMN_TIMESTAMP, false},
	[WF_DOMAIN_STATUS] = {"status", WF_COLUMN_TEXT, false},
	[WF_DOMAIN_LOCAL_BUSINESS_ID] = {"local_business_id", WF_COLUMN_UUID, false},
};

static const WfColumnSpec sitemap_columns[WF_SITEMAP_COLUMNS] = {
	[WF_ITEM_ID] = {"id", WF_COLUMN_UUID, true},
	[WF_ITEM_DOMAIN_ID] = {"domain_id", WF_COLUMN_UUID, true},
	[WF_ITEM_URL] = {"url", WF_COLUMN_TEXT, true},
	[WF_ITEM_CURATION] = {"deep_scrape_curation_status", WF_COLUMN_STATUS, true,
	curation_labels, lengthof(curation_labels)},
	[WF_ITEM_PROCESSING] = {"sitemap_import_status", WF_COLUMN_STATUS, true,
	processing_labels, lengthof(processing_labels)},
	[WF_ITEM_ERROR] = {"sitemap_import_error", WF_COLUMN_TEXT, false},
	[WF_ITEM_UPDATED_AT] = {"updated_at", WF_COLUMN_TIMESTAMP, false},
	[WF_SITEMAP_TYPE] = {"sitemap_type", WF_COLUMN_LABEL, false,
	sitemap_type_labels, lengthof(sitemap_type_labels)},
	[WF_SITEMAP_DISCOVERY_METHOD] = {"discovery_method", WF_COLUMN_TEXT, false},
	[WF_SITEMAP_LASTMOD] = {"lastmod", WF_COLUMN_TIMESTAMP, false},
	[WF_SITEMAP_URL_COUNT] = {"url_count", WF_COLUMN_INTEGER, false},
};

static const WfColumnSpec business_columns[WF_ITEM_COLUMNS] = {
	[WF_ITEM_ID] = {"id", WF_COLUMN_UUID, true},
	[WF_ITEM_URL] = {"website_url", WF_COLUMN_TEXT, true},
	[WF_ITEM_CURATION] = {"status", WF_COLUMN_STATUS, true,
	curation_labels, lengthof(curation_labels)},
	[WF_ITEM_PROCESSING] = {"domain_extraction_status", WF_COLUMN_STATUS, true,
	processing_labels, lengthof(processing_labels)},
	[WF_ITEM_ERROR] = {"domain_extraction_error", WF_COLUMN_TEXT, false},
	[WF_ITEM_UPDATED_AT] = {"updated_at", WF_COLUMN_TIMESTAMP, false},
};

static const WfColumnSpec job_columns[WF_JOB_COLUMNS] = {
	[WF_JOB_ID] = {"job_id", WF_COLUMN_UUID, true},
	[WF_JOB_TYPE] = {"job_type", WF_COLUMN_LABEL, true, job_type_labels, lengthof(job_type_labels)},
	[WF_JOB_STATUS] = {"status", WF_COLUMN_STATUS, true, job_labels, lengthof(job_labels)},
	[WF_JOB_DOMAIN_ID] = {"domain_id", WF_COLUMN_UUID, true},
	[WF_JOB_PROGRESS] = {"progress", WF_COLUMN_NUMBER, false},
	[WF_JOB_RESULT_DATA] = {"result_data", WF_COLUMN_JSON, false},
	[WF_JOB_ERROR] = {"error", WF_COLUMN_TEXT, false},
	[WF_JOB_CREATED_AT] = {"created_at", WF_COLUMN_TIMESTAMP, false},
	[WF_JOB_UPDATED_AT] = {"updated_at", WF_COLUMN_TIMESTAMP, false},
};

const WfPart wf_parts[WF_PART_COUNT] = {
	[WF_PART_PAGES] = {WF_PART_PAGES, "pages", true, true, "page",
	page_columns, lengthof(page_columns)},
	[WF_PART_CONTACTS] = {WF_PART_CONTACTS, "contacts", false, false, NULL,
	contact_columns, lengthof(contact_columns)},
	[WF_PART_DOMAINS] = {WF_PART_DOMAINS, "domains", true, true, "domain",
	domain_columns, lengthof(domain_columns)},
	[WF_PART_SITEMAP_FILES] = {WF_PART_SITEMAP_FILES, "sitemap_files", true, true, "sitemap_file",
	sitemap_columns, lengthof(sitemap_columns)},
	/* no network is needed: the trigger does it, and nothing waits */
	[WF_PART_LOCAL_BUSINESSES] = {WF_PART_LOCAL_BUSINESSES, "local_businesses", true, false,
	"local_business", business_columns, lengthof(business_columns)},
	[WF_PART_JOBS] = {WF_PART_JOBS, "jobs", false, false, NULL,
	job_columns, lengthof(job_columns)},
};

StaticAssertDecl(lengthof(page_columns) <= WF_MAX_COLUMNS &&
				 lengthof(job_columns) <= WF_MAX_COLUMNS &&
				 lengthof(contact_columns) <= WF_MAX_COLUMNS &&
				 lengthof(sitemap_columns) <= WF_MAX_COLUMNS, "a part has too many columns");

/* See wf_part.h. */
const WfPart *
wf_part_by_name(const char *name)
{
	for (int i = 0; i < WF_PART_COUNT; i++)
	{
		if (strcmp(wf_parts[i].name, name) == 0)
			return &wf_parts[i];
	}
	return NULL;
}
