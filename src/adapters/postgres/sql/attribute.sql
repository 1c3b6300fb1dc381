case $2::text
  when 'department' then department
  when 'job_title' then job_title
  when 'office' then office
  when 'country' then country
  when 'language' then language
  when 'name' then display_name
  when 'mail' then mail
  when 'user_principal_name' then user_principal_name
end